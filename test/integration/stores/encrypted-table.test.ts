import { afterAll, beforeAll, expect, test } from "vitest";
import { CalStoreError } from "../../../src/errors.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { rejection } from "../../support/client.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { testKeys, tokens } from "../../support/token-stores.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
});
afterAll(() => database.drop());

test("a copy of the table holds no usable token, and tokens moved to another user's row don't work", async () => {
  const store = encryptedTokenStore(postgresTokenStore({ client: database.pool }), { keys: testKeys });
  for (const userId of ["ada", "bob"]) await store.set(tokens(userId), { ifVersion: null });

  const { rows } = await database.pool.query<{ row: string }>(
    `SELECT t::text AS row FROM "CalendarIntegration" t`,
  );
  const table = rows.map(({ row }) => row).join("\n");
  const decoded = table.replace(/[\w-]{8,}/g, (part) => Buffer.from(part, "base64url").toString("latin1"));
  for (const text of [table, decoded]) {
    for (const secret of ["access-of", "refresh-of"]) expect(text).not.toContain(secret);
  }

  await database.pool.query(`
    UPDATE "CalendarIntegration" AS mine
    SET "calAccessToken" = theirs."calAccessToken", "calRefreshToken" = theirs."calRefreshToken"
    FROM "CalendarIntegration" AS theirs WHERE theirs."userUlid" <> mine."userUlid"`);
  for (const userId of ["ada", "bob"]) {
    const error = await rejection(store.get(userId));
    expect(error).toBeInstanceOf(CalStoreError);
    expectNoSecret(error, ["access-of", "refresh-of"]);
  }
});
