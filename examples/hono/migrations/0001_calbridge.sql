-- The tables of calbridge. Can be applied again at any time; keeps every row.
CREATE TABLE IF NOT EXISTS "CalendarIntegration" (
  "id" INTEGER PRIMARY KEY,
  "userUlid" TEXT NOT NULL,
  "calManagedUserId" INTEGER NOT NULL,
  "calServer" TEXT NOT NULL,
  "calAccessToken" TEXT NOT NULL,
  "calAccessTokenExpiresAt" INTEGER,
  "calRefreshToken" TEXT,
  "calRefreshTokenExpiresAt" INTEGER,
  "details" TEXT,
  "version" INTEGER NOT NULL,
  "createdAt" INTEGER NOT NULL,
  "updatedAt" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS "CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid");
CREATE UNIQUE INDEX IF NOT EXISTS "CalendarIntegration_calServer_calManagedUserId_key" ON "CalendarIntegration" ("calServer", "calManagedUserId");
CREATE TABLE IF NOT EXISTS "CalendarIntegrationEntry" (
  "key" TEXT PRIMARY KEY NOT NULL,
  "value" TEXT NOT NULL,
  "expiresAt" INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS "CalendarIntegrationEntry_expiresAt_idx" ON "CalendarIntegrationEntry" ("expiresAt");
