import type { ConnectedCalendar, DestinationCalendar } from "../api/endpoints/calendar-list.js";
import { isDelegated } from "./connections-of.js";

/**
 * The credentials that duplicate another one: several callbacks at once, or a connect after the primary calendar was
 * deselected, leave two or more for one account. Of each account the one that bookings are written to is kept, else
 * the oldest: processes that compute this at the same time come to the same result.
 */
export function duplicatesIn(
  connections: readonly ConnectedCalendar[],
  destination: DestinationCalendar | null,
): number[] {
  const byAccount = new Map<string, number[]>();
  for (const connection of connections) {
    const { integration, primary, credentialId, error } = connection;
    // Without a primary calendar the account is not known. Delegated access duplicates nothing: it is not the user's.
    if (error || !primary || isDelegated(connection)) continue;
    const account = JSON.stringify([integration.type, primary.externalId]);
    byAccount.set(account, [...(byAccount.get(account) ?? []), credentialId]);
  }
  return [...byAccount.values()].flatMap((ids) => {
    const kept = ids.find((id) => id === destination?.credentialId) ?? Math.min(...ids);
    return ids.filter((id) => id !== kept);
  });
}
