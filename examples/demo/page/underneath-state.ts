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
}

/** What the panel shows. */
export interface UnderneathState {
  entries: FeedEntry[];
  /** The table, a row a user. */
  rows: Record<string, string>[];
}

/** The buttons of the panel. */
export const troubles = [
  { name: "expire", label: "Let the token expire" },
  { name: "lose", label: "Kill a refresh half-way" },
  { name: "revoke", label: "Revoke access at the provider" },
  { name: "slow", label: "Slow Cal.com down" },
] as const;

/** One of the buttons. */
export type TroubleName = (typeof troubles)[number]["name"];
