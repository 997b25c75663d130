import { asciiLowerCase } from "../../lib/ascii-lower-case.js";
import { attemptsOfThisBrowser } from "./state-cookie.js";
import type { Connection } from "../account.js";
import type { HandlerContext } from "../types.js";
import type { Attempt } from "./oauth-state.js";
import { otherAttempts } from "./recent-attempts.js";

/**
 * Disconnects what an attempt has added for another account than the one that its user wanted to connect again. Unlike the
 * roll-back of a rejected callback it protects no one, so it is done only if it is certain that the connections came by
 * this attempt: no attempt of any device is running that may have added them or has left them, they were not seen working
 * before, and they are all of one account.
 *
 * @returns Whether they were disconnected.
 */
export async function rollBackOthers(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
  others: readonly Connection[],
): Promise<boolean> {
  if (!context.records) return false;
  const { userId, provider } = attempt;
  const ids = others.map(({ credentialId }) => credentialId);
  const addresses = new Set(others.map(({ email }) => email && asciiLowerCase(email)));
  if (addresses.size > 1) return false;
  const [seen, elsewhere, here] = await Promise.all([
    context.known.seenUntil(userId, ids, context.options.now()),
    otherAttempts(context, attempt),
    attemptsOfThisBrowser(request, context, userId),
  ]);
  const isRunning = elsewhere.isRunning || here.runningIds.some((id) => id !== attempt.id);
  const leftIds = [...elsewhere.leftIds, ...here.leftIds];
  if (isRunning || ids.some((id) => seen.has(id) || leftIds.includes(id))) return false;
  const { calendars } = context.options.client.forUser(userId);
  for (const credentialId of ids) await calendars.disconnect(provider, { credentialId });
  return true;
}
