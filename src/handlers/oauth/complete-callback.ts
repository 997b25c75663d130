import { isCalError } from "../../errors.js";
import type { OAuthProvider } from "../../index.js";
import { HttpError } from "../http/http-error.js";
import { reportError } from "../report-error.js";
import type { AttemptResult, HandlerContext, RollBackState, Route } from "../types.js";
import { disconnectRevoked, findResult, type AttemptEnd } from "./attempt-result.js";
import { ASSUMED_LIFE_MS, type KeptAttempt } from "./attempts.js";
import { failure, otherAccountLeft, rejection, type RejectionReason } from "./callback-messages.js";
import type { Attempt, Found } from "./oauth-state.js";
import { rollBackOthers } from "./other-account.js";
import { restoreSelection } from "./restore-selection.js";
import { finishRollBacks, rollBack } from "./roll-back.js";
import { verifyAttempt } from "./verify-attempt.js";

/** What a callback brings: its attempt, and what the provider gave if it came straight from there. */
export interface CallbackInput {
  attempt: Attempt | null;
  /** The provider by the route that was called. */
  provider?: OAuthProvider | undefined;
  code?: string | undefined;
  /** Cal.com's own state. */
  state?: string | undefined;
  /** Whether the provider's `error` parameter says that the user has denied access. */
  denied?: boolean | undefined;
}

/**
 * Completes an attempt: makes sure that the user who returns is the user who started, sends Cal.com the code if there is
 * one, and finds out what was connected. What a rejected callback may have connected is rolled back.
 */
export async function completeCallback(
  request: Request,
  context: HandlerContext,
  route: Pick<Route, "name">,
  input: CallbackInput,
): Promise<AttemptResult> {
  const { attempt } = input;
  if (!attempt) return rejection("invalid_state");
  const kept = await context.attempts.find(attempt.id);
  const rejected = await verify(request, context, attempt, kept, input.provider);
  if (rejected) return reject(request, context, route, input, attempt, kept, rejected);

  const found = kept?.found ?? attempt.found;
  if (!found) return rejection("used_state");
  const account = await context.options.client.forUser(attempt.userId).calAccount();
  // Cal.com has stored the calendar for the Cal.com user of the start, and only the present one's can be read.
  if (account?.calUserId !== attempt.calUserId) return failure("account_changed");
  // It may remove what this attempt has added as well: the two can't be distinguished.
  const rolledBack = await finishRollBacks(context, attempt.userId);
  const result = await context.attempts.completeOnce(attempt, async () => {
    const { result, connections } = await connect(request, context, attempt, { found, input });
    await context.known.note(attempt.userId, connections);
    await callHooks(request, context, attempt, result);
    if (result.connected) await restoreSelection(context, attempt.userId);
    // Last: after an error in a hook the callback can be loaded again.
    const leftIds = connections.map(({ credentialId }) => credentialId);
    if (kept) await context.attempts.markCompleted(attempt.id, kept, leftIds);
    return result;
  });
  if (!result) return rejection("used_state");
  const isEmpty = !result.connected && result.reason === "not_connected" && rolledBack.length > 0;
  return isEmpty ? failure("try_again", result.removedIds) : result;
}

async function verify(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
  kept: KeptAttempt | null,
  provider: OAuthProvider | undefined,
): Promise<RejectionReason | null> {
  if (provider !== undefined && provider !== attempt.provider) return "invalid_state";
  return verifyAttempt(request, context, attempt, { isUsed: Boolean(kept?.leftIds) });
}

/** Rejects a callback: rolls back what it may have connected, and reports it to the application. */
async function reject(
  request: Request,
  context: HandlerContext,
  { name: handler }: Pick<Route, "name">,
  input: CallbackInput,
  attempt: Attempt,
  kept: KeptAttempt | null,
  reason: RejectionReason,
): Promise<AttemptResult> {
  const event = { handler, reason, userId: attempt.userId, request };
  let state: RollBackState | undefined;
  try {
    const isOwnSession = ["used_state", "expired_state", "wrong_browser"].includes(reason);
    const error = kept && (await rollBack(request, context, { attempt, found: kept.found, isOwnSession }));
    if (error) await reportError(context, { ...event, error });
    state = error ? "pending" : kept ? undefined : stateWithoutRecord(context, attempt, input);
  } catch (error) {
    // The token store failed, so it isn't even kept for later.
    await reportError(context, { ...event, error });
    state = "unavailable";
  }
  await reportError(context, {
    ...event,
    error: new HttpError(403, "invalid_state", `A callback was rejected: ${reason}.`),
  });
  return rejection(reason, state);
}

/** Nothing is kept of the attempt: what it may have connected can't be distinguished from what was connected before. */
function stateWithoutRecord(
  { options }: HandlerContext,
  { startedAt }: Attempt,
  { code, denied }: CallbackInput,
): RollBackState | undefined {
  // With a code, or without consent, Cal.com has stored nothing; nor after the link's token has expired.
  const isOver = options.now() - startedAt > ASSUMED_LIFE_MS;
  return code !== undefined || denied === true || isOver ? undefined : "unavailable";
}

async function connect(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
  given: { found: Found; input: CallbackInput },
): Promise<AttemptEnd> {
  const end = await saveAndFind(context, attempt, given);
  const { result, connections, others } = end;
  if (!others) return end;
  if (!(await rollBackOthers(request, context, attempt, others))) {
    return { connections, result: otherAccountLeft(result.removedIds) };
  }
  return { connections: connections.filter((one) => !others.includes(one)), result };
}

async function saveAndFind(
  context: HandlerContext,
  { userId, provider }: Attempt,
  { found, input: { denied, code, state } }: { found: Found; input: CallbackInput },
): Promise<AttemptEnd> {
  const user = context.options.client.forUser(userId);
  if (denied === true) return { connections: [], result: failure("access_denied") };
  if (code === undefined || state === undefined) return findResult(user, provider, found, true);
  await disconnectRevoked(user, provider, found.target);
  const saved = await trySave(user.calendars.save(provider, { code, state }));
  if (saved === "wrong_user") return { connections: [], result: rejection(saved) };
  return findResult(user, provider, found, saved);
}

/** Whether Cal.com has accepted the code. `wrong_user`: the state is another user's, and nothing was sent. */
async function trySave(saving: Promise<unknown>): Promise<boolean | "wrong_user"> {
  try {
    await saving;
    return true;
  } catch (error) {
    if (!isCalError(error)) throw error;
    if (error.code === "invalid_input") return "wrong_user";
    if (["provider_code_rejected", "bad_request", "unauthorized"].includes(error.code)) return false;
    throw error;
  }
}

async function callHooks(
  request: Request,
  { options }: HandlerContext,
  { userId, provider }: Attempt,
  result: AttemptResult,
): Promise<void> {
  const { removedIds: credentialIds } = result;
  if (credentialIds.length > 0) {
    await options.onDisconnected({ userId, provider, credentialIds, request });
  }
  if (result.connected) {
    await options.onConnected({ userId, provider, connections: result.added, request });
  }
}
