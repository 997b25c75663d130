import type { ConnectedCalendar, DestinationCalendar } from "../api/endpoints/calendar-list.js";

/**
 * The credentials that repeat another one: several callbacks at once, or a connect after the main calendar
 * was deselected, leave two or more for one account. Of each account the one that bookings go to is kept,
 * else the oldest; whoever works this out at the same time comes to the same result.
 */
export function duplicatesIn(
  accounts: readonly ConnectedCalendar[],
  destination: DestinationCalendar | null,
): number[] {
  const byAccount = new Map<string, number[]>();
  for (const { integration, primary, credentialId, error } of accounts) {
    // Without a main calendar there is no telling whose account it is.
    if (error || !primary) continue;
    const account = JSON.stringify([integration.type, primary.externalId]);
    byAccount.set(account, [...(byAccount.get(account) ?? []), credentialId]);
  }
  return [...byAccount.values()].flatMap((ids) => {
    const kept = ids.find((id) => id === destination?.credentialId) ?? Math.min(...ids);
    return ids.filter((id) => id !== kept);
  });
}
