import { isCalError } from "../../errors.js";
import { oauthProviders } from "../../calendars/providers.js";
import type { OAuthProvider } from "../../index.js";
import { toConnections } from "../account.js";
import type { HandlerContext } from "../types.js";
import type { KeptAttempt } from "./attempts.js";
import type { Attempt } from "./oauth-state.js";
import type { PendingRollBack } from "./pending-roll-back.js";
import { leftInThisBrowser } from "./state-cookie.js";

// One round is enough, unless the provider calls back twice.
const ROUNDS = 3;

/**
 * Rolls an attempt back whose callback was rejected: disconnects what was connected with its link. Cal.com stores a
 * credential for the user who *started* the attempt, whoever consented, before it sends the browser to the callback.
 *
 * What stays: connections from before the attempt, connections that attempts of this very browser have added, and
 * connections that were seen working a minute or more before the callback.
 *
 * @returns An error of Cal.com's because of which the roll-back is pending: {@link finishRollBacks} finishes it.
 */
export async function rollBack(
  request: Request,
  context: HandlerContext,
  { userId, provider }: Attempt,
  { found }: KeptAttempt,
): Promise<Error | null> {
  const sparedIds = [...found.credentialIds, ...(await leftInThisBrowser(request, context, userId))];
  const work = { sparedIds, rejectedAt: context.options.now() };
  try {
    await disconnectAdded(context, userId, provider, work);
    return null;
  } catch (error) {
    if (!isCalError(error)) throw error;
    await context.pendingRollBacks?.add(userId, provider, work);
    return error;
  }
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
  const finished = await Promise.all(
    oauthProviders.map(async (provider) => {
      const disconnected: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const pending = await pendingRollBacks.find(userId, provider);
        if (!pending) break;
        disconnected.push(...(await disconnectAdded(context, userId, provider, pending)));
        if (await pendingRollBacks.finish(userId, provider, pending)) break;
      }
      return disconnected;
    }),
  );
  return finished.flat();
}

async function disconnectAdded(
  context: HandlerContext,
  userId: string,
  provider: OAuthProvider,
  { sparedIds, rejectedAt }: PendingRollBack,
): Promise<number[]> {
  const { calendars } = context.options.client.forUser(userId);
  const disconnected: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { connectedCalendars } = await calendars.list();
      const added = toConnections(connectedCalendars, provider)
        .filter(({ credentialId, delegated }) => !delegated && !sparedIds.includes(credentialId))
        .map(({ credentialId }) => credentialId);
      const settled = await context.known.settledAt(userId, added, rejectedAt);
      const suspects = added.filter((id) => !settled.has(id));
      if (suspects.length === 0) break;
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
