import type { SeenConnection } from "./seen.js";
import type { KnownConnection } from "./user-state.js";

/** A connection that is remembered, as the list has it now. One of the two may be missing. */
export interface Match {
  known: KnownConnection | null;
  found: SeenConnection | null;
}

/**
 * Finds the connections that are remembered in a new list: by Cal.com's id, and else by their account, as a connection
 * that the user has made again has a new id.
 */
export function matchConnections(
  known: readonly KnownConnection[],
  found: readonly SeenConnection[],
): Match[] {
  const free = new Map(known.map((connection) => [connection.key, connection]));
  const byKey = found.map((seen) => {
    const match = free.get(seen.key) ?? null;
    free.delete(seen.key);
    return { known: match, found: seen };
  });
  const matches: Match[] = byKey.map((match) => {
    if (match.known) return match;
    const again = [...free.values()].find((missing) => isSameAccount(missing, match.found));
    if (again) free.delete(again.key);
    return { known: again ?? null, found: match.found };
  });
  for (const missing of free.values()) {
    const other = matches.find((match) => match.found && isSameAccount(missing, match.found));
    // A duplicate was removed: the account is still connected, and what was reported of the one counts for the other.
    if (other?.known) other.known = { ...other.known, told: missing.told ?? other.known.told };
    else if (!other) matches.push({ known: missing, found: null });
  }
  return matches;
}

function isSameAccount(
  one: Pick<KnownConnection, "integration" | "account">,
  other: Pick<SeenConnection, "integration" | "account">,
): boolean {
  return one.account !== null && one.account === other.account && one.integration === other.integration;
}
