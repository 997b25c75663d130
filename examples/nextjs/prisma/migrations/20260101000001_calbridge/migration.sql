-- The token table of calbridge. Can be applied again at any time; keeps every row.
-- Made to run inside a transaction: writes to the table wait until it ends.

-- Rather give up and be run again than make the application's queries wait behind this one.
SET LOCAL lock_timeout = '5s';

-- A new application's table. Does nothing where there is one.
CREATE TABLE IF NOT EXISTS "CalendarIntegration" (
  "id" SERIAL PRIMARY KEY,
  "userUlid" TEXT REFERENCES "User" ("ulid"),
  "calAccessToken" TEXT NOT NULL,
  "calAccessTokenExpiresAt" TIMESTAMPTZ,
  "calRefreshToken" TEXT,
  "calManagedUserId" INTEGER NOT NULL,
  "createdAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  "calRefreshTokenExpiresAt" TIMESTAMPTZ,
  "version" INTEGER NOT NULL DEFAULT 0,
  "leaseOwner" TEXT,
  "leaseEndsAt" TIMESTAMPTZ
);

-- The columns that an existing table lacks. Their defaults are constants, so no row is rewritten.
ALTER TABLE "CalendarIntegration"
  ADD COLUMN IF NOT EXISTS "calRefreshTokenExpiresAt" TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS "version" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS "leaseOwner" TEXT,
  ADD COLUMN IF NOT EXISTS "leaseEndsAt" TIMESTAMPTZ;

LOCK TABLE "CalendarIntegration" IN SHARE ROW EXCLUSIVE MODE;

-- One row for each user: the newest stays, older ones are moved aside. Does nothing where there are none.
DO $calbridge$
DECLARE
  calbridge_moved BIGINT;
BEGIN
  IF EXISTS (SELECT FROM "CalendarIntegration" WHERE "userUlid" IS NOT NULL GROUP BY "userUlid" HAVING count(*) > 1) THEN
    LOCK TABLE "CalendarIntegration" IN SHARE ROW EXCLUSIVE MODE;
    CREATE TABLE IF NOT EXISTS "CalendarIntegration_duplicates" ("movedAt" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, "row" JSONB NOT NULL);
    WITH ranked AS (
      SELECT "id", row_number() OVER (
        PARTITION BY "userUlid" ORDER BY "updatedAt" DESC NULLS LAST, "id" DESC
      ) AS place
      FROM "CalendarIntegration" WHERE "userUlid" IS NOT NULL
    ), older AS (
      DELETE FROM "CalendarIntegration" AS old USING ranked WHERE old."id" = ranked."id" AND ranked.place > 1
      RETURNING to_jsonb(old) AS "row"
    )
    INSERT INTO "CalendarIntegration_duplicates" ("row") SELECT "row" FROM older;
    GET DIAGNOSTICS calbridge_moved = ROW_COUNT;
    RAISE NOTICE '% older rows of users with several were moved aside. They hold tokens: drop the table of duplicates once you have looked at it.', calbridge_moved;
  END IF;
END
$calbridge$;

-- An index whose concurrent build failed would be taken for the real one.
DO $calbridge$
BEGIN
  IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('"CalendarIntegration_userUlid_key"') AND NOT indisvalid) THEN
    DROP INDEX "CalendarIntegration_userUlid_key";
  END IF;
END
$calbridge$;

CREATE UNIQUE INDEX IF NOT EXISTS "CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid");
