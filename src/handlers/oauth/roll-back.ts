import { isCalError } from "../../errors.js";
import { isLongLived } from "../../lib/env.js";
import { oauthProviders } from "../../calendars/providers.js";
import type { CalAccount, OAuthProvider } from "../../index.js";
import { toConnections } from "../account.js";
import type { HandlerContext } from "../types.js";
import type { Attempt, Found } from "./oauth-state.js";
import { otherAttempts } from "./recent-attempts.js";
import type { PendingRollBack } from "./pending-roll-back.js";
import { attemptsOfThisBrowser, isSameBrowser } from "./state-cookie.js";

// One round is enough, unless the provider calls back twice.
const ROUNDS = 3;

// Cal.com sends the browser to the callback as soon as it has stored a credential. Without this delay, an attacker who
// polls the status would make a victim's calendar "seen" before the victim's callback arrives.
const SETTLES_AFTER_MS = 60_000;

/** A rejected callback. */
export interface RejectedCallback {
  attempt: Attempt;
  found: Found;
  /** Whether the user who started the attempt is signed in. */
  isOwnSession: boolean;
}

/**
 * Rolls an attempt back whose callback was rejected: disconnects what was connected with its link. Cal.com stores a
 * credential for the user who *started* the attempt, no matter who consented, before it sends the browser to the callback.
 *
 * What stays: connections from before the attempt, and connections that were seen working a minute or more before the
 * callback. For the user who started the attempt also what attempts of this very browser have left, and for a reload in
 * the browser that started it what any attempt of the user's has left.
 *
 * @returns An error of Cal.com's because of which the roll-back is pending: {@link finishRollBacks} finishes it.
 */
export async function rollBack(
  request: Request,
  context: HandlerContext,
  { attempt, found, isOwnSession }: RejectedCallback,
): Promise<Error | null> {
  const { userId, provider } = attempt;
  const now = context.options.now();
  const work = {
    userId,
    calUserId: attempt.calUserId,
    sparedIds: found.credentialIds,
    seenUntil: now - SETTLES_AFTER_MS,
  };
  if (isOwnSession) {
    const { leftIds, runningIds } = await attemptsOfThisBrowser(request, context, userId);
    work.sparedIds = [...work.sparedIds, ...leftIds];
    if (await isSameBrowser(request, context, attempt)) {
      // A reload by the user. What is new may be of another tab or device, whose callback is still to come.
      const others = await otherAttempts(context, attempt);
      if (others.isRunning || runningIds.some((id) => id !== attempt.id)) return null;
      // What they have left was perhaps never seen working: during an outage nothing is.
      work.sparedIds = [...work.sparedIds, ...others.leftIds];
      work.seenUntil = now;
    }
  }
  let owner = userId;
  try {
    const account = await context.options.client.forUser(userId).calAccount();
    if (account?.calUserId === attempt.calUserId) {
      await disconnectAdded(context, userId, provider, work, account);
      return null;
    }
    // The connection is not in the account of now. Should the other account come back, it is removed first.
    await context.pendingRollBacks?.add(provider, work);
    // `cal.reassignUser()` may have moved the Cal.com user since.
    owner = (await context.pendingRollBacks?.findOwner(attempt.calUserId)) ?? userId;
    if (owner !== userId) await finishRollBacks(context, owner);
    return account && new Error("The user has another Cal.com account since the attempt was started.");
  } catch (error) {
    if (!isCalError(error)) throw error;
    await context.pendingRollBacks?.add(provider, work);
    retryInBackground(context, owner);
    return error;
  }
}

/**
 * Finishes a user's roll-back a little later, since the user may send no request for a long time. Only where the runtime
 * carries out what no request waits for; after the last try, and in other processes, the cron route does it.
 */
function retryInBackground(context: HandlerContext, userId: string): void {
  const finish = (): Promise<unknown> => finishRollBacks(context, userId);
  context.options.background?.(
    import("./retry-roll-back.js").then(({ retryRollBack }) =>
      retryRollBack(context.retrying, userId, finish, isLongLived()),
    ),
  );
}

/**
 * Finishes the user's pending roll-backs. Called before each response to the user; also for background work.
 *
 * @returns The credentials that were disconnected.
 * @throws `CalError` if Cal.com, or the store, still refuses: the user must not get a response then, since it could
 * contain a calendar that is not theirs.
 */
export async function finishRollBacks(context: HandlerContext, userId: string): Promise<number[]> {
  const { pendingRollBacks } = context;
  if (!pendingRollBacks) return [];
  const account = await context.options.client.forUser(userId).calAccount();
  if (!account) return [];
  const finished = await Promise.all(
    oauthProviders.map(async (provider) => {
      const disconnected: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const pending = await pendingRollBacks.find(provider, account.calUserId);
        if (!pending) break;
        const removed = await removeUnlessLost(context, userId, provider, pending, account);
        // The link is lost, so no calendar can be shown either. It is finished after the user has linked again.
        if (!removed) break;
        disconnected.push(...removed);
        if (await pendingRollBacks.finish(provider, pending)) break;
      }
      return disconnected;
    }),
  );
  return finished.flat();
}

async function removeUnlessLost(...input: Parameters<typeof disconnectAdded>): Promise<number[] | null> {
  try {
    return await disconnectAdded(...input);
  } catch (error) {
    if (isCalError(error) && error.code === "reauthorization_required") return null;
    throw error;
  }
}

async function disconnectAdded(
  context: HandlerContext,
  userId: string,
  provider: OAuthProvider,
  { userId: startedBy, sparedIds, seenUntil }: PendingRollBack,
  account: CalAccount,
): Promise<number[]> {
  const { calendars } = context.options.client.forUser(userId);
  const disconnected: number[] = [];
  try {
    // A person connects calendars in their own Cal.com account without this application too: only what provably came by
    // the attempt is disconnected.
    const isOwnAccount = account.grant === "oauth";
    for (let round = 0; round < ROUNDS; round += 1) {
      const added = toConnections(await calendars.list(), provider)
        .filter(({ credentialId, delegated }) => !delegated && !sparedIds.includes(credentialId))
        .map(({ credentialId }) => credentialId);
      const seen = await context.known.seenUntil(startedBy, added, seenUntil);
      const suspects = added.filter((id) => !seen.has(id));
      if (suspects.length === 0) break;
      // Of several new ones, it is not known which one came by the attempt.
      if (isOwnAccount && suspects.length + disconnected.length > 1) break;
      for (const credentialId of suspects) {
        await calendars.disconnect(provider, { credentialId });
        disconnected.push(credentialId);
      }
    }
  } catch (error) {
    if (!isUserGone(error)) throw error;
  }
  return disconnected;
}

/** A user that is gone has no calendars. */
function isUserGone(error: unknown): boolean {
  return isCalError(error) && (error.code === "user_not_found" || error.code === "cal_user_gone");
}
