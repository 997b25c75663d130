-- The tables of calbridge. Can be applied again at any time; keeps every row.
-- Made to run inside a transaction: queries of the token table wait until it ends.

-- Gives up, to be run again, instead of making the application's queries wait behind it.
SET LOCAL lock_timeout = '5s';

-- A new table refers to the table of your users. Another: --user-table, --user-column, --user-type. None: --no-user-table.
DO $calbridge$
DECLARE
  calbridge_text TEXT;
BEGIN
  IF to_regclass('"CalendarIntegration"') IS NULL THEN
    IF to_regclass('"User"') IS NULL THEN
      RAISE EXCEPTION USING MESSAGE = 'There is no table "User" of users. Say which table and column have your users'' ids: --user-table and --user-column (in code: users). To refer to none: --no-user-table.';
    END IF;
    SELECT format_type(atttypid, NULL) INTO calbridge_text FROM pg_attribute
    WHERE attrelid = to_regclass('"User"') AND attname = 'ulid' AND attnum > 0 AND NOT attisdropped;
    IF calbridge_text IS NULL THEN
      RAISE EXCEPTION USING MESSAGE = 'The table "User" has no column "ulid". Say which column has your users'' ids: --user-column (in code: users).';
    END IF;
    IF calbridge_text IN ('uuid', 'bigint', 'integer') THEN
      RAISE EXCEPTION USING MESSAGE = 'The users'' ids have the type ' || calbridge_text || ', and not text. Say so: --user-type (in code: userIdType), one of text, uuid, bigint, integer.';
    END IF;
  END IF;
END
$calbridge$;

-- A new application's table. Does nothing if it exists.
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
  "calServer" TEXT NOT NULL DEFAULT '',
  "details" TEXT
);

-- The columns that an existing table lacks. Their defaults are constants, so no row is rewritten.
-- The columns "leaseOwner" and "leaseEndsAt" of earlier versions are no longer used: you can drop them.
ALTER TABLE "CalendarIntegration"
  ADD COLUMN IF NOT EXISTS "calRefreshTokenExpiresAt" TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS "version" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS "calServer" TEXT NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS "details" TEXT;

-- Leases and connection attempts: text that expires.
CREATE TABLE IF NOT EXISTS "CalendarIntegrationEntry" (
  "key" TEXT PRIMARY KEY,
  "value" TEXT NOT NULL,
  "expiresAt" TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS "CalendarIntegrationEntry_expiresAt_idx" ON "CalendarIntegrationEntry" ("expiresAt");

LOCK TABLE "CalendarIntegration" IN SHARE ROW EXCLUSIVE MODE;

-- One row for each user: the newest stays, older ones are moved to a table of duplicates. Does nothing if there are none.
-- An index whose concurrent build failed would be taken for the real one.
DO $calbridge$
DECLARE
  calbridge_count BIGINT;
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
    GET DIAGNOSTICS calbridge_count = ROW_COUNT;
    RAISE NOTICE '% older rows of users with several were moved to another table. They contain tokens: drop the table of duplicates after you have looked at it.', calbridge_count;
  END IF;
  IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('"CalendarIntegration_userUlid_key"') AND NOT indisvalid)
    THEN DROP INDEX "CalendarIntegration_userUlid_key"; END IF;
END
$calbridge$;

-- One user for each Cal.com user. If several users have one, this lists them as notices and changes none of them, and the
-- unique index on Cal.com users is left out. Resolve each with cal.reassignUser(from, to), or delete one of its rows, and
-- apply this script again. `npx calbridge doctor` lists them too.
DO $calbridge$
DECLARE
  calbridge_count BIGINT;
  calbridge_row RECORD;
BEGIN
  SELECT count(*) INTO calbridge_count FROM (
    SELECT FROM "CalendarIntegration" GROUP BY "calServer", "calManagedUserId" HAVING count(*) > 1
  ) AS shared;
  IF calbridge_count = 0 THEN
    IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('"CalendarIntegration_calServer_calManagedUserId_key"') AND NOT (indisvalid AND indisunique))
    THEN DROP INDEX "CalendarIntegration_calServer_calManagedUserId_key"; END IF;
  ELSE
    FOR calbridge_row IN
      SELECT "calManagedUserId" AS cal_user, string_agg(coalesce("userUlid"::text, '(a row without a user)'), ', ' ORDER BY "id") AS users
      FROM "CalendarIntegration" GROUP BY "calServer", "calManagedUserId" HAVING count(*) > 1 ORDER BY "calManagedUserId" LIMIT 20
    LOOP
      RAISE NOTICE 'Cal.com user % belongs to several users: %', calbridge_row.cal_user, left(calbridge_row.users, 500);
    END LOOP;
    RAISE NOTICE '% Cal.com users belong to several users, so the unique index on them was left out. Resolve each with cal.reassignUser(from, to), or delete one of its rows. Then apply this again.', calbridge_count;
    IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('"CalendarIntegration_calServer_calManagedUserId_key"') AND NOT indisvalid)
    THEN DROP INDEX "CalendarIntegration_calServer_calManagedUserId_key"; END IF;
    CREATE INDEX IF NOT EXISTS "CalendarIntegration_calServer_calManagedUserId_key" ON "CalendarIntegration" ("calServer", "calManagedUserId");
  END IF;
END
$calbridge$;

CREATE UNIQUE INDEX IF NOT EXISTS "CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid");
CREATE UNIQUE INDEX IF NOT EXISTS "CalendarIntegration_calServer_calManagedUserId_key" ON "CalendarIntegration" ("calServer", "calManagedUserId");
