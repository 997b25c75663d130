import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { credentialsLeftHere } from "./state-cookie.js";
import type { Attempt } from "./oauth-state.js";
import type { HandlerContext } from "../types.js";

// One round does; a provider that calls back twice takes another.
const ROUNDS = 3;
// Access tokens of OAuth 2, which travel in the link, live for 30 minutes; servers' clocks differ a little.
const OAUTH_TOKEN_LIFE_MS = 31 * 60_000;

/**
 * Disconnects what an attempt whose return is refused may have connected: Cal.com stores a credential for the
 * one who *started*, whoever consented, before anybody is asked.
 *
 * Spared is what was there before the attempt; what an earlier attempt in this very browser has left; and
 * what this process has known for a minute or more, as Cal.com sends the browser on at once.
 *
 * A person connects calendars in an own Cal.com account without this application too. There, only what provably came
 * by the attempt is disconnected: a single new connection, while the token in the attempt's link lives.
 */
export async function rollBack(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
): Promise<number[]> {
  const { userId, provider } = attempt;
  const spared = await credentialsLeftHere(request, context, userId);
  for (const id of attempt.credentialIds) spared.add(id);
  const user = context.options.client.forUser(userId);
  const { calendars } = user;
  const undone: number[] = [];
  try {
    const isOwnAccount = (await user.calAccount())?.grant === "oauth";
    // After that Cal.com refuses to store what the link's user consents to.
    if (isOwnAccount && context.options.now() - attempt.startedAt > OAUTH_TOKEN_LIFE_MS) return undone;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { connectedCalendars } = await calendars.list();
      const suspects = connectedCalendars
        .map(toConnection)
        .filter(({ calendarType }) => calendarType === provider)
        .map(({ credentialId }) => credentialId)
        .filter((id) => !spared.has(id) && !context.known.isSettled(id));
      if (suspects.length === 0) break;
      // Which of several came by the attempt can't be told.
      if (isOwnAccount && suspects.length + undone.length > 1) break;
      for (const credentialId of suspects) {
        await calendars.disconnect(provider, { credentialId });
        undone.push(credentialId);
      }
    }
  } catch (error) {
    // A user that is gone has no calendars.
    if (!(isCalError(error) && error.code === "user_not_found")) throw error;
  }
  return undone;
}
