/** An event of the server. */
export interface FeedEntry {
  id: number;
  /** Time of day, UTC. */
  at: string;
  kind: "call" | "tokens" | "connection" | "fault";
  text: string;
  outcome?: string;
  isFailure?: boolean;
  durationMs?: number;
  /** The injected fault, if the event is one. */
  fault?: FaultName;
}

/** The data of the panel. */
export interface ServerPanelState {
  entries: FeedEntry[];
  /** The rows of the token table, one for each user. */
  rows: Record<string, string>[];
}

/** The buttons of the panel. */
export const faults = [
  { name: "expire", label: "Let the token expire", hint: "and send five requests at once" },
  { name: "lose", label: "Lose the response of a refresh", hint: "after Cal.com has issued new tokens" },
  { name: "revoke", label: "Revoke access at the provider", hint: "as a user can do at any time" },
  { name: "consent", label: "Take the consent away", hint: "of the user's own Cal.com account, at Cal.com" },
  { name: "slow", label: "Slow Cal.com down", hint: "2.5 s for each response" },
] as const;

/** The name of a fault. */
export type FaultName = (typeof faults)[number]["name"];

const linkAgain =
  "No token can be had without the user, so the page asks to link the Cal.com account again. Its calendars stay connected.";

/** Describes how the application has handled the latest fault so far. */
export function summaryOf(entries: readonly FeedEntry[]): string | null {
  const index = entries.findLastIndex(({ fault }) => fault);
  const latest = entries[index];
  if (!latest) return null;
  const since = entries.slice(index + 1);
  const count = (outcome: string): number => since.filter((entry) => entry.outcome === outcome).length;
  const slowest = Math.max(0, ...since.map(({ durationMs = 0 }) => durationMs));
  switch (latest.fault) {
    case "expire":
      if (count("refreshed") === 0) return "The token has expired. No request has needed it since.";
      return "Handled: five requests found the token expired, and one of them refreshed it for all (“refreshed”).";
    case "lose":
      if (count("recovered") > 0)
        return "Handled: Cal.com issued new tokens in place of the lost ones, without a new consent (“recovered”).";
      if (
        since.some(({ outcome, text }) => outcome === "failed" && text.includes("reauthorization_required"))
      )
        return linkAgain;
      // An own account: its tokens can't be recovered.
      if (count("failed") > 0 && since.some(({ text }) => text === "POST /auth/oauth2/token"))
        return "The refresh may still be running at Cal.com, so it is not sent again for a minute. After it, press “Try again”: the page asks to link the Cal.com account again.";
      if (count("failed") > 0)
        return "The response is lost, and the tokens in the table are no longer valid. Press “Try again”, or reload the page.";
      return "The response of the next refresh will be lost.";
    case "revoke":
      if (since.some(({ text }) => text.endsWith("/connect")))
        return "Reconnected: the revoked credential was removed first, as Cal.com would not have stored the new tokens.";
      return "A new token does not help here, so the page offers to reconnect. Press “Reconnect”.";
    case "consent":
      if (count("failed") > 0) return linkAgain;
      return "No request has needed a new token since.";
    default:
      if (slowest === 0) return "Cal.com is slow. The page keeps its content and waits.";
      return `Handled: Cal.com took ${(slowest / 1000).toFixed(1)} s, the page kept its content, and no request was sent twice.`;
  }
}
