-- The example's two users.
INSERT INTO "User" ("ulid", "email", "name", "timeZone") VALUES
  ('ada', 'ada@example.com', 'Ada Lovelace', 'Europe/London'),
  ('grace', 'grace@example.com', 'Grace Hopper', 'America/New_York');
