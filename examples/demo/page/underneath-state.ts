/** Something that has happened. */
export interface FeedEntry {
  id: number;
  /** Time of day, UTC. */
  at: string;
  kind: "call" | "tokens" | "trouble";
  text: string;
  outcome?: string;
  isBad?: boolean;
  durationMs?: number;
  /** Of a trouble: which one. */
  trouble?: TroubleName;
}

/** What the panel shows. */
export interface UnderneathState {
  entries: FeedEntry[];
  /** The table, a row a user. */
  rows: Record<string, string>[];
}

/** The buttons of the panel. */
export const troubles = [
  { name: "expire", label: "Let the token expire", hint: "and five requests come at once" },
  { name: "lose", label: "Kill a refresh half-way", hint: "Cal.com has answered, nobody has heard" },
  { name: "revoke", label: "Revoke access at the provider", hint: "as the user can, at any time" },
  { name: "slow", label: "Slow Cal.com down", hint: "2.5 s for each answer" },
] as const;

/** One of the buttons. */
export type TroubleName = (typeof troubles)[number]["name"];

/** What has become of the latest trouble, in a sentence, by what has happened since. */
export function verdictOf(entries: readonly FeedEntry[]): string | null {
  const index = entries.findLastIndex(({ trouble }) => trouble);
  const latest = entries[index];
  if (!latest) return null;
  const since = entries.slice(index + 1);
  const count = (outcome: string): number => since.filter((entry) => entry.outcome === outcome).length;
  const slowest = Math.max(0, ...since.map(({ durationMs = 0 }) => durationMs));
  switch (latest.trouble) {
    case "expire":
      if (count("refreshed") === 0) return "The token has expired. Nothing has asked for it since.";
      return "Survived: five requests found the token expired, one of them refreshed it for all (“led”).";
    case "lose":
      if (count("recovered") > 0)
        return "Survived: the lost tokens were replaced by new ones, and nobody had to consent again.";
      if (count("failed") > 0)
        return "The answer is lost, and the tokens in the table are worth nothing now. Press “Try again”, or load the page anew.";
      return "The next refresh will get lost.";
    case "revoke":
      if (since.some(({ text }) => text.endsWith("/connect")))
        return "Connected anew: the revoked credential was removed first, since Cal.com would have dropped the new tokens.";
      return "No token can mend that, so the page says it and offers to reconnect. Press “Reconnect”.";
    default:
      if (slowest === 0) return "Cal.com is slow. The page keeps what it shows, and waits.";
      return `Survived: Cal.com took ${(slowest / 1000).toFixed(1)} s, the page kept what it showed, and nothing was asked twice.`;
  }
}
