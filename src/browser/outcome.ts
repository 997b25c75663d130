import type { Machine } from "./machine.js";
import type { Returned } from "./returned.js";

/** What to tell the user. A success counts only if the list confirms it: anyone can write an address. */
export function outcomeOf(
  { provider, connected, calAccount, reason }: Returned,
  machine: Pick<Machine, "list" | "calAccount">,
): Pick<Machine, "error" | "result"> {
  const linked = machine.calAccount?.grant === "oauth" ? machine.calAccount : null;
  if (calAccount === "error") return { error: { action: "link", code: reason }, result: null };
  if (calAccount && !linked) return { error: { action: "link", code: "not_connected" }, result: null };
  if (!provider) return { error: null, result: { action: "link", email: linked?.email ?? undefined } };
  const activity = { action: "connect", provider } as const;
  const isConfirmed = machine.list.some((one) => one.calendarType === provider && one.connected);
  if (connected && isConfirmed) return { error: null, result: activity };
  return { error: { ...activity, code: connected ? "not_connected" : reason }, result: null };
}
