-- CreateTable
CREATE TABLE "User" (
    "ulid" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "timeZone" TEXT NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("ulid")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- The example's two users.
INSERT INTO "User" ("ulid", "email", "name", "timeZone") VALUES
  ('ada', 'ada@example.com', 'Ada Lovelace', 'Europe/London'),
  ('grace', 'grace@example.com', 'Grace Hopper', 'America/New_York');
