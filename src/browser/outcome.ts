import type { Machine } from "./machine.js";
import type { Returned } from "./returned.js";
import type { CalendarActivity } from "./types.js";

/** What to tell the user. A success counts only if the list confirms it: anyone can write an address. */
export function outcomeOf(
  { provider, connected, calAccount, reason }: Returned,
  { calAccount: account, list }: Machine,
): Partial<Pick<Machine, "error" | "result">> {
  const isLinked = account?.grant === "oauth";
  const isConnected = list.some((one) => one.calendarType === provider && one.connected);
  // After a link has failed, the provider was not asked.
  const isAboutLink = calAccount && (!provider || calAccount === "error" || !isLinked);
  const activity: CalendarActivity = isAboutLink ? { action: "link" } : { action: "connect", provider };
  const isClaimed = isAboutLink ? calAccount === "linked" : connected;
  if (isClaimed && (isAboutLink ? isLinked : isConnected)) return { result: activity };
  return { error: { ...activity, code: isClaimed ? "not_connected" : reason } };
}
