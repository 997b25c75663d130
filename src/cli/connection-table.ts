import type { CheckedConnection, ConnectionCheck } from "../connections/types.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * A table of connections, for a terminal.
 *
 * @param options.all - Whether those that work are listed too.
 */
export function connectionTable(
  checks: readonly ConnectionCheck[],
  { now, all }: { now: number; all: boolean },
): string {
  const rows = checks.flatMap((check) => {
    const entries = [{ ...check.calAccount, name: "Cal.com account", email: null }, ...check.connections];
    return entries
      .filter(({ status }) => all || status !== "connected")
      .map((entry) => rowOf(check.userId, entry, now));
  });
  return format([["user", "calendar", "status", "since", "what to do"], ...rows]);
}

function rowOf(
  userId: string,
  {
    name,
    email,
    status,
    since,
    message,
  }: Pick<CheckedConnection, "name" | "email" | "status" | "since" | "message">,
  now: number,
): string[] {
  const what = email === null ? name : `${name} ${email}`;
  return [userId, what, status, age(now - since.getTime()), message ?? ""].map(printable);
}

function age(ms: number): string {
  if (ms >= DAY_MS) return `${String(Math.floor(ms / DAY_MS))} d`;
  return ms >= HOUR_MS
    ? `${String(Math.floor(ms / HOUR_MS))} h`
    : `${String(Math.floor(ms / MINUTE_MS))} min`;
}

/** Without characters that would control the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?");
}

function format(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
