import type pg from "pg";
import { calUserIdOf } from "./cal-user-id.js";

/** The table that applications have before they use calbridge, and their users. */
export const eightColumns = `
  CREATE TABLE IF NOT EXISTS "User" ("ulid" TEXT PRIMARY KEY);
  CREATE TABLE "CalendarIntegration" (
    "id" SERIAL PRIMARY KEY, "userUlid" TEXT REFERENCES "User"("ulid"), "calAccessToken" TEXT NOT NULL,
    "calAccessTokenExpiresAt" TIMESTAMPTZ, "calRefreshToken" TEXT, "calManagedUserId" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
  )`;

/** The same table as an earlier version of calbridge made it: four more columns, and one unique index. */
export const twelveColumns = `${eightColumns};
  ALTER TABLE "CalendarIntegration"
    ADD COLUMN "calRefreshTokenExpiresAt" TIMESTAMPTZ, ADD COLUMN "version" INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN "leaseOwner" TEXT, ADD COLUMN "leaseEndsAt" TIMESTAMPTZ;
  CREATE UNIQUE INDEX "CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid")`;

/** Removes all of calbridge's tables and the users. */
export async function dropTables(client: pg.Pool): Promise<void> {
  await client.query(
    `DROP TABLE IF EXISTS "CalendarIntegration", "CalendarIntegrationEntry", "CalendarIntegration_duplicates", "User" CASCADE`,
  );
}

/**
 * Adds a row as an application wrote it before it used calbridge, and its user.
 *
 * @param row.calUserId - Default: one that no other user has.
 */
export async function addOldRow(
  client: pg.Pool,
  userId: string,
  {
    accessToken = `old-access-of-${userId}`,
    calUserId = calUserIdOf(userId),
    updatedAt,
  }: { accessToken?: string; calUserId?: number; updatedAt?: string | null } = {},
): Promise<void> {
  await client.query(`INSERT INTO "User" VALUES ($1) ON CONFLICT DO NOTHING`, [userId]);
  const when = updatedAt === undefined ? "DEFAULT" : "$4";
  const values = [userId, accessToken, calUserId, ...(updatedAt === undefined ? [] : [updatedAt])];
  await client.query(
    `INSERT INTO "CalendarIntegration" ("userUlid", "calAccessToken", "calRefreshToken", "calManagedUserId", "updatedAt")
     VALUES ($1, $2, 'old-refresh', $3, ${when})`,
    values,
  );
}

/** The statements of a script, as psql would send them one by one. */
export function statementsOf(script: string): string[] {
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
