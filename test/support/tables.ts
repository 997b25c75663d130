import type pg from "pg";

/** The table that applications already have, and their users. */
export const eightColumns = `
  CREATE TABLE IF NOT EXISTS "User" ("ulid" TEXT PRIMARY KEY);
  CREATE TABLE "CalendarIntegration" (
    "id" SERIAL PRIMARY KEY, "userUlid" TEXT REFERENCES "User"("ulid"), "calAccessToken" TEXT NOT NULL,
    "calAccessTokenExpiresAt" TIMESTAMPTZ, "calRefreshToken" TEXT, "calManagedUserId" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
  )`;

/** Removes all of a database's token tables and users. */
export async function dropTables(client: pg.Pool): Promise<void> {
  await client.query(`DROP TABLE IF EXISTS "CalendarIntegration", "CalendarIntegration_duplicates", "User"`);
}

/** Adds a row as an application wrote it before it had the SDK, and its user. */
export async function addOldRow(
  client: pg.Pool,
  userId: string,
  {
    accessToken = `old-access-of-${userId}`,
    updatedAt,
  }: { accessToken?: string; updatedAt?: string | null } = {},
): Promise<void> {
  await client.query(`INSERT INTO "User" VALUES ($1) ON CONFLICT DO NOTHING`, [userId]);
  const when = updatedAt === undefined ? "DEFAULT" : "$3";
  const values = [userId, accessToken, ...(updatedAt === undefined ? [] : [updatedAt])];
  await client.query(
    `INSERT INTO "CalendarIntegration" ("userUlid", "calAccessToken", "calRefreshToken", "calManagedUserId", "updatedAt")
     VALUES ($1, $2, 'old-refresh', 7, ${when})`,
    values,
  );
}

/** The statements of a script, as psql would send them one by one. */
function statementsOf(script: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let quote: string | undefined;
  for (const line of script.split("\n")) {
    if (quote === undefined && line.startsWith("--")) continue;
    statement += `${line}\n`;
    for (const [tag] of line.matchAll(/\$calbridge\d*\$/g)) {
      if (quote === undefined) quote = tag;
      else if (quote === tag) quote = undefined;
    }
    if (quote === undefined && line.endsWith(";")) {
      statements.push(statement);
      statement = "";
    }
  }
  return statements;
}

/** Applies a script as psql does: statement by statement, stopping at the first error. */
export async function applyScript(client: pg.ClientBase, script: string): Promise<void> {
  for (const statement of statementsOf(script)) await client.query(statement);
}
