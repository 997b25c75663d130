import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { credentialsLeftHere } from "./state-cookie.js";
import type { Attempt } from "./oauth-state.js";
import type { HandlerContext } from "../types.js";

// One round does; a provider that calls back twice takes another.
const ROUNDS = 3;

/**
 * Disconnects what an attempt whose return is refused may have connected: Cal.com stores a credential for the
 * one who *started*, whoever consented, before anybody is asked.
 *
 * Spared is what was there before the attempt; what an earlier attempt in this very browser has left; and
 * what this process has known for a minute or more, as Cal.com sends the browser on at once.
 */
export async function rollBack(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
): Promise<number[]> {
  const { userId, provider } = attempt;
  const spared = await credentialsLeftHere(request, context, userId);
  for (const id of attempt.credentialIds) spared.add(id);
  const { calendars } = context.options.client.forUser(userId);
  const undone: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { connectedCalendars } = await calendars.list();
      const suspects = connectedCalendars
        .map(toConnection)
        .filter(({ calendarType }) => calendarType === provider)
        .map(({ credentialId }) => credentialId)
        .filter((id) => !spared.has(id) && !context.known.isSettled(id));
      if (suspects.length === 0) break;
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
