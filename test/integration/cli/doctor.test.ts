import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, dropTables, eightColumns } from "../../support/tables.js";
import { tokens } from "../../support/token-stores.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await dropTables(database.pool);
  await createSchema(database.pool);
});

const key = randomBytes(32).toString("base64");
const stateSecret = randomBytes(32).toString("base64");
const emulator = createCalEmulator({ clientSecret: "s3cret-of-the-client" });

function environment(): Record<string, string | undefined> {
  return {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: emulator.url,
    CAL_STATE_SECRET: stateSecret,
    APP_URL: "https://app.example/calendars",
    CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}`,
    DATABASE_URL: database.url,
  };
}

interface Options {
  env?: Record<string, string | undefined>;
  args?: string[];
  fetch?: typeof fetch;
  now?: () => number;
  cwd?: string;
}

/** Runs the doctor, and checks that it prints no secret. */
async function examine({ env = {}, args = [], ...io }: Options = {}): Promise<CommandResult> {
  const all = { ...environment(), ...env };
  const result = await runCommand(["doctor", ...args], { env: all, fetch: emulator.fetch, ...io });
  const values = [
    all["CAL_CLIENT_SECRET"],
    key,
    all["CAL_STATE_SECRET"],
    all["DATABASE_URL"],
    "postgres:postgres",
    "s3cret",
    "access-of",
    "refresh-of",
  ];
  for (const secret of values.filter((value) => value !== undefined && value.length > 3)) {
    expect(result.out + result.err).not.toContain(secret);
  }
  return result;
}

test("nothing is wrong", async () => {
  const store = encryptedTokenStore(postgresTokenStore({ client: database.pool }), { keys: { k1: key } });
  await store.set(tokens("ada"), { ifVersion: null });
  const server = await emulator.listen();
  const { code, out } = await examine({ env: { CAL_API_URL: server.url }, fetch: globalThis.fetch });
  await server.close();
  expect(out).not.toMatch(/^(wrong|note)/m);
  expect(out.match(/^ok/gm)).toHaveLength(7);
  expect(code).toBe(0);
});

describe("the OAuth client", () => {
  test.each([
    ["no id", { CAL_CLIENT_ID: undefined }, "Not set in the environment: CAL_CLIENT_ID."],
    ["no secret", { CAL_CLIENT_SECRET: " " }, "Not set in the environment: CAL_CLIENT_SECRET."],
    ["a secret with a line end in it", { CAL_CLIENT_SECRET: "s3cret\nof" }, "line ends"],
    [
      "a wrong secret",
      { CAL_CLIENT_SECRET: "s3cret-of-another" },
      "Compare CAL_CLIENT_ID and CAL_CLIENT_SECRET",
    ],
    ["an unknown id", { CAL_CLIENT_ID: "unknown" }, "Compare CAL_CLIENT_ID and CAL_CLIENT_SECRET"],
    ["a URL that is none", { CAL_API_URL: "api.cal.com" }, "baseUrl"],
  ])("%s", async (_, env, expected) => {
    const { code, out } = await examine({ env });
    expect(out).toContain(expected);
    expect(code).toBe(1);
  });

  const answers: [string, () => Promise<Response>, string][] = [
    ["no response", () => Promise.reject(new TypeError("fetch failed s3cret")), "DNS, proxy, firewall"],
    [
      "another server responds",
      () => Promise.resolve(new Response("<html>", { headers: { "content-type": "text/html" } })),
      "Something else",
    ],
    [
      "the path is wrong",
      () =>
        Promise.resolve(
          Response.json(
            { status: "error", error: { code: "NOT_FOUND", message: emulator.clientSecret } },
            { status: 404 },
          ),
        ),
      "Does CAL_API_URL end in /v2?",
    ],
    [
      "too many requests",
      () =>
        Promise.resolve(
          Response.json({ status: "error", error: { code: "ThrottlerException" } }, { status: 429 }),
        ),
      "in a minute",
    ],
    [
      "not permitted",
      () =>
        Promise.resolve(
          Response.json({ status: "error", error: { code: "ForbiddenException" } }, { status: 403 }),
        ),
      "permissions",
    ],
    [
      "broken",
      () =>
        Promise.resolve(Response.json({ statusCode: 500, message: emulator.clientSecret }, { status: 500 })),
      "Try again",
    ],
  ];
  test.each(answers)("%s", async (_, fetch, expected) => {
    const { code, out } = await examine({ fetch });
    expect(out).toContain(expected);
    expect(code).toBe(1);
  });

  test("an address without /v2", async () => {
    const url = emulator.url.replace("/v2", "");
    const { code, out } = await examine({ env: { CAL_API_URL: url } });
    expect([code, out]).toEqual([1, expect.stringContaining("Does CAL_API_URL end in /v2?")]);
  });

  test.each<[string, typeof fetch]>([
    ["no response", () => Promise.reject(new TypeError("fetch failed"))],
    [
      "the client is another one's",
      () => Promise.resolve(Response.json({ status: "error" }, { status: 401 })),
    ],
  ])("no CAL_API_URL, and %s: says where the request went", async (_, fetch) => {
    const asked = "CAL_API_URL is not set, so the requests went to https://api.cal.com/v2.";
    expect((await examine({ env: { CAL_API_URL: undefined }, fetch })).out).toContain(asked);
    expect((await examine({ fetch })).out).not.toContain(asked);
  });

  test("variables that are missing may be in a file", async () => {
    const { out } = await examine({ env: { CAL_CLIENT_ID: undefined } });
    expect(out).toContain("Use: --env-file .env");
    expect((await examine({ env: { CAL_API_URL: "api.cal.com" } })).out).not.toContain("--env-file");
  });

  test("without the permission APPS_READ: every check will be refused", async () => {
    const limited = createCalEmulator({
      clients: [{ id: "limited", secret: "s3cret-limited", permissions: ["APPS_WRITE"] }],
    });
    const env = { CAL_CLIENT_ID: "limited", CAL_CLIENT_SECRET: "s3cret-limited", CAL_API_URL: limited.url };
    const { code, out } = await examine({ env, fetch: limited.fetch });
    expect([code, out]).toEqual([
      1,
      expect.stringContaining("wrong  The OAuth client has no permission APPS_READ"),
    ]);
    expect(out).toContain("403");
    expect((await examine()).out).not.toContain("APPS_READ");
  });

  test("over http, to another machine", async () => {
    const fetch = () => Promise.resolve(Response.json({ status: "success", data: [] }));
    const { code, out } = await examine({ env: { CAL_API_URL: "http://cal.example/v2" }, fetch });
    expect([code, out]).toEqual([0, expect.stringContaining("Use https")]);
    const local = await examine({ env: { CAL_API_URL: "http://127.0.0.1:3000/v2" }, fetch });
    expect(local.out).not.toContain("Use https");
  });
});

describe("the clock", () => {
  const at = (date: Date) => () =>
    Promise.resolve(
      Response.json({ status: "success", data: [] }, { headers: { date: date.toUTCString() } }),
    );
  const now = Date.parse("2026-06-01T12:00:00Z");

  test.each([
    ["right", 0, 0, "agrees with Cal.com's"],
    ["a little off", 10, 0, "10 s ahead of"],
    ["ahead", 95, 1, "95 s ahead of"],
    ["behind", -3600, 1, "3600 s behind"],
  ])("%s", async (_, seconds, code, expected) => {
    const result = await examine({ fetch: at(new Date(now)), now: () => now + seconds * 1000 });
    expect(result.out).toContain(expected);
    expect(result.code).toBe(code);
  });
});

describe("what the handlers need", () => {
  const long = "a-secret-of-the-tests-of-38-characters";

  test.each<[string, Record<string, string | undefined>, number, string]>([
    ["no secret", { CAL_STATE_SECRET: undefined }, 1, "wrong  CAL_STATE_SECRET is not set."],
    ["a short one", { CAL_STATE_SECRET: "s3cret" }, 1, "wrong  CAL_STATE_SECRET is too short."],
    ["a weak one", { CAL_STATE_SECRET: "s3cret".repeat(6) }, 1, "wrong  CAL_STATE_SECRET can be guessed."],
    [
      "one of two short",
      { CAL_STATE_SECRET: `${long}, s3cret` },
      1,
      "wrong  One of the secrets in CAL_STATE",
    ],
    ["two secrets", { CAL_STATE_SECRET: `${long},${long}` }, 0, "ok     CAL_STATE_SECRET: the first of 2"],
    ["no address", { APP_URL: " " }, 0, "note   APP_URL is not set."],
    ["a host alone", { APP_URL: "app.example" }, 1, "wrong  APP_URL is not the address"],
    ["a path", { APP_URL: "/calendars" }, 1, "wrong  APP_URL is not the address"],
    ["a query", { APP_URL: "https://app.example/?a" }, 1, "wrong  APP_URL is not the address"],
    ["a password", { APP_URL: "https://ada:s3cret@app.example" }, 1, "wrong  APP_URL is not the address"],
    ["http", { APP_URL: "http://app.example" }, 0, "note   APP_URL is http"],
    ["http that looks local", { APP_URL: "http://localhost.example" }, 0, "note   APP_URL is http"],
    ["http on this machine", { APP_URL: "http://localhost:3000" }, 0, "is at http://localhost:3000."],
    ["Next.js's", { NEXT_PUBLIC_APP_URL: "app.example" }, 1, "wrong  NEXT_PUBLIC_APP_URL is not"],
  ])("%s", async (_, env, code, expected) => {
    const result = await examine({ env });
    expect(result.out).toContain(expected);
    expect(result.code).toBe(code);
  });

  test("no address, but redirect URLs that have one", async () => {
    const redirect = { NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT: "https://app.example/done" };
    const { out } = await examine({ env: { APP_URL: undefined, ...redirect } });
    expect(out).not.toContain("APP_URL");
  });
});

describe("the encryption keys", () => {
  const none = { CAL_TOKEN_ENCRYPTION_KEYS: undefined };

  test.each([
    ["nothing stored", {}],
    ["no database", { DATABASE_URL: undefined }],
  ])("none, and %s: a note", async (_, env) => {
    const { code, out } = await examine({ env: { ...none, ...env } });
    expect([code, out]).toEqual([0, expect.stringContaining("tokens are stored unencrypted.")]);
    expect(out).toContain("set CAL_TOKEN_ENCRYPTION_KEYS=k1:KEY and use encryptedTokenStore");
  });

  test("none, and tokens that are not encrypted: a note", async () => {
    await postgresTokenStore({ client: database.pool }).set(tokens("cy"), { ifVersion: null });
    const { code, out } = await examine({ env: none });
    expect([code, out]).toEqual([0, expect.stringContaining("tokens are stored unencrypted.")]);
  });

  test("none, though tokens are encrypted", async () => {
    const inner = postgresTokenStore({ client: database.pool });
    await encryptedTokenStore(inner, { keys: { k1: key } }).set(tokens("ada"), { ifVersion: null });
    await inner.set(tokens("cy"), { ifVersion: null });
    const { code, out } = await examine({ env: none });
    const expected = "CAL_TOKEN_ENCRYPTION_KEYS is not set, but tokens in the table are encrypted. (1 of 2";
    expect(out).toContain(`wrong  ${expected}`);
    expect(out).not.toContain("stored unencrypted");
    expect(code).toBe(1);
  });

  test.each([
    ["too short", "k1:c2hvcnQ=", `The encryption key "k1" has 5 bytes`],
    ["without an id", key, "not of the form id:key"],
  ])("%s", async (_, value, expected) => {
    const { code, out } = await examine({ env: { CAL_TOKEN_ENCRYPTION_KEYS: value } });
    expect(out).toContain(expected);
    expect(code).toBe(1);
  });

  test("one that is another key now is one fault, whichever token of a user fails first", async () => {
    const inner = postgresTokenStore({ client: database.pool });
    const older = encryptedTokenStore(inner, { keys: { k1: randomBytes(32) } });
    for (let n = 0; n < 20; n += 1) await older.set(tokens(`user-${n}`), { ifVersion: null });
    const { code, out } = await examine();
    expect(out).toContain(`wrong  Tokens can't be decrypted with the key "k1": it is another key now`);
    expect(out).toContain("(20 of 20 checked users)");
    expect([code, out]).toEqual([1, expect.stringContaining("\n1 thing is wrong.")]);
  });

  test("one of two is another key now: the fault names that one", async () => {
    const inner = postgresTokenStore({ client: database.pool });
    const k1 = { k1: key };
    await encryptedTokenStore(inner, { keys: k1 }).set(tokens("ada"), { ifVersion: null });
    await encryptedTokenStore(inner, { keys: { k2: randomBytes(32) } }).set(tokens("bob"), {
      ifVersion: null,
    });
    const keys = `k2:${randomBytes(32).toString("base64")},k1:${key}`;
    const { out } = await examine({ env: { CAL_TOKEN_ENCRYPTION_KEYS: keys } });
    expect(out).toContain(`wrong  Tokens can't be decrypted with the key "k2": it is another key now`);
    expect(out).toContain("\n1 thing is wrong.");
  });

  test("one that tokens were encrypted with is missing, and others are not encrypted", async () => {
    const inner = postgresTokenStore({ client: database.pool });
    const older = encryptedTokenStore(inner, { keys: { k0: randomBytes(32) } });
    for (const userId of ["ada", "bob"]) await older.set(tokens(userId), { ifVersion: null });
    await inner.set(tokens("cy"), { ifVersion: null });
    const { code, out } = await examine();
    expect(out).toContain(`"k0", which is not among the encryption keys. (2 of 3 checked users)`);
    expect(out).toContain("1 of 3 checked users have tokens that are not encrypted");
    expect(code).toBe(1);
  });
});

describe("the database", () => {
  test("no DATABASE_URL: a note", async () => {
    const { code, out } = await examine({ env: { DATABASE_URL: undefined } });
    expect([code, out]).toEqual([0, expect.stringContaining("DATABASE_URL is not set")]);
  });

  test.each([
    ["another database's", "mysql://root:s3cret@localhost/app", "not a Postgres URL"],
    ["a refused connection", "postgresql://postgres:s3cret@127.0.0.1:1/app", "ECONNREFUSED"],
  ])("%s", async (_, DATABASE_URL, expected) => {
    const { code, out } = await examine({ env: { DATABASE_URL } });
    expect(out).toContain(expected);
    expect(code).toBe(1);
  });

  test("a wrong password", async () => {
    const DATABASE_URL = database.url.replace(":postgres@", ":s3cret-and-wrong@");
    const { code, out } = await examine({ env: { DATABASE_URL } });
    expect(out).toContain("28P01");
    expect(code).toBe(1);
  });

  test("pg is not installed in the application", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "calbridge-doctor-"));
    const { code, out } = await examine({ cwd });
    await rm(cwd, { recursive: true });
    expect(out).toContain("npm install pg");
    expect(code).toBe(1);
  });

  test("no table, or one of another name", async () => {
    await dropTables(database.pool);
    expect((await examine()).out).toContain(`no table "CalendarIntegration"`);
    await createSchema(database.pool, { table: "cal tokens" });
    const { code } = await examine({ args: ["--table", "cal tokens", "--schema", "public"] });
    expect(code).toBe(0);
  });

  test("no table of leases and attempts, or one of another name", async () => {
    await database.pool.query(`ALTER TABLE "CalendarIntegrationEntry" RENAME TO "entries"`);
    const { code, out } = await examine();
    expect([code, out]).toEqual([1, expect.stringContaining(`no table "CalendarIntegrationEntry"`)]);
    expect((await examine({ args: ["--entry-table", "entries"] })).code).toBe(0);
    await database.pool.query(`ALTER TABLE "entries" DROP COLUMN "value"`);
    expect((await examine({ args: ["--entry-table", "entries"] })).out).toContain(`lacks "value"`);
    await database.pool.query(`DROP TABLE "entries"`);
  });

  test("columns with other names, as the stores and schema take them", async () => {
    await dropTables(database.pool);
    await createSchema(database.pool, { columns: { userId: "user_id", calAccessToken: "access_token" } });
    const wrong = await examine();
    expect(wrong.out).toContain(`lacks "userUlid", "calAccessToken".`);
    expect(wrong.out).toContain("--columns");
    const args = ["--columns", "userId=user_id,calAccessToken=access_token"];
    expect((await examine({ args })).code).toBe(0);
    expect((await examine({ args: ["--columns", "user_id"] })).code).toBe(2);
  });

  test("one Cal.com user for several users: who they are, and what to do", async () => {
    await dropTables(database.pool);
    await database.pool.query(eightColumns);
    for (const userId of ["ada", "bob", "cy"]) await addOldRow(database.pool, userId, { calUserId: 7 });
    await createSchema(database.pool);
    const { code, out } = await examine();
    expect(out).toContain("wrong  One Cal.com user belongs to several users.");
    expect(out).toContain("Cal.com user 7: ada, bob, cy");
    expect(out).toContain("cal.reassignUser(from, to)");
    expect(code).toBe(1);

    await database.pool.query(`DELETE FROM "CalendarIntegration" WHERE "userUlid" <> 'ada'`);
    expect((await examine()).out).toContain(`no unique index on "calServer", "calManagedUserId"`);
    await createSchema(database.pool);
    expect((await examine()).code).toBe(0);
  });

  test("more shared Cal.com users than are listed", async () => {
    await dropTables(database.pool);
    await database.pool.query(eightColumns);
    for (let n = 0; n < 16; n += 1) {
      await addOldRow(database.pool, `user-${n}`, { calUserId: 100 + Math.floor(n / 2) });
    }
    await createSchema(database.pool);
    const { out } = await examine();
    expect(out).toContain("8 Cal.com users belong to several users.");
    expect(out).toContain("... and 3 more");
  });

  test("rows without a user: a note", async () => {
    await database.pool.query(
      `INSERT INTO "CalendarIntegration" ("calAccessToken", "calManagedUserId") VALUES ('access-of-x', 1)`,
    );
    const { code, out } = await examine();
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`note   1 row of "CalendarIntegration" has no "userUlid"`),
    ]);
  });

  test.each([
    ["TIMESTAMPTZ", "now()", `"deletedAt"`],
    ["BOOLEAN NOT NULL DEFAULT false", "true", `"is_deleted"`],
  ])("soft-deleted rows (%s)", async (type, value, column) => {
    await postgresTokenStore({ client: database.pool }).set(tokens("ada"), { ifVersion: null });
    await database.pool.query(`ALTER TABLE "CalendarIntegration" ADD COLUMN ${column} ${type}`);
    const before = await examine();
    expect([before.code, before.out]).toEqual([
      0,
      expect.stringContaining("note   Soft delete is not supported"),
    ]);
    await database.pool.query(`UPDATE "CalendarIntegration" SET ${column} = ${value}`);
    const { code, out } = await examine();
    expect([code, out]).toEqual([1, expect.stringContaining("1 row is marked as deleted.")]);
  });

  test.each([
    ["calAccessToken", "VARCHAR(255)", "too short"],
    ["calRefreshToken", "CHAR(2000)", "too short"],
    ["details", "VARCHAR(4096)", "too short"],
    ["userUlid", "CHAR(26)", "takes different user ids for one another"],
  ])("the column %s is %s: says what to change it to, and that is enough", async (column, type, expected) => {
    await database.pool.query(`ALTER TABLE "CalendarIntegration" ALTER COLUMN "${column}" TYPE ${type}`);
    const { code, out } = await examine();
    expect(out).toContain(`wrong  The column "${column}" of "CalendarIntegration"`);
    expect([code, out]).toEqual([1, expect.stringContaining(expected)]);
    const [advice] = /ALTER TABLE .*/.exec(out) ?? [];
    await database.pool.query(advice!);
    expect((await examine()).code).toBe(0);
  });

  test("leases in a column without a time zone: says what to change it to, and that is enough", async () => {
    await database.pool.query(
      `ALTER TABLE "CalendarIntegrationEntry" ALTER COLUMN "expiresAt" TYPE TIMESTAMP(3)`,
    );
    const { code, out } = await examine();
    expect([code, out]).toEqual([1, expect.stringContaining("has no time zone")]);
    await database.pool.query(/ALTER TABLE .*/.exec(out)![0]);
    expect((await examine()).code).toBe(0);
  });

  test("a table that was not migrated, or only in part", async () => {
    await dropTables(database.pool);
    await database.pool.query(eightColumns);
    const before = await examine();
    expect(before.out).toContain(`lacks "calServer", "calRefreshTokenExpiresAt", "details", "version"`);
    expect(before.out).toContain("npx calbridge schema");
    await addOldRow(database.pool, "ada");
    await createSchema(database.pool);
    await database.pool.query(`DROP INDEX "CalendarIntegration_userUlid_key"`);
    const { code, out } = await examine();
    expect(out).toContain(`no unique index on "userUlid"`);
    expect(code).toBe(1);
  });

  test("a role that may only read", async () => {
    await database.pool.query(
      `DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 's3cret-reader'`,
    );
    await database.pool.query(`GRANT SELECT ON "CalendarIntegration", "CalendarIntegrationEntry" TO reader`);
    const DATABASE_URL = database.url.replace("postgres:postgres@", "reader:s3cret-reader@");
    const { code, out } = await examine({ env: { DATABASE_URL } });
    await database.pool.query(`DROP OWNED BY reader; DROP ROLE reader`);
    for (const table of ["CalendarIntegration", "CalendarIntegrationEntry"]) {
      expect(out).toContain(`may not INSERT, UPDATE, DELETE in "${table}"`);
    }
    expect(code).toBe(1);
  });
});

describe("--env-file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "calbridge-doctor-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("reads the variables of a file; those that are set already stay", async () => {
    await writeFile(
      join(folder, ".env.local"),
      `APP_URL="https://from-file.example"\nCAL_STATE_SECRET='${stateSecret}' # a comment\nexport CAL_CLIENT_ID=unknown\n`,
    );
    const env = { APP_URL: undefined, CAL_STATE_SECRET: undefined };
    const args = ["--env-file", join(folder, ".env.local")];
    const { code, out } = await examine({ env, args });
    expect(out).toContain("ok     APP_URL: the application is at https://from-file.example.");
    expect(out).toContain("ok     CAL_STATE_SECRET is long enough.");
    expect(code).toBe(0);
    expect((await examine({ env })).code).toBe(1);
  });

  test("a file that can't be read: says so, and exits with 2", async () => {
    const result = await runCommand(["doctor", "--env-file", "missing.env"], { cwd: folder });
    expect([result.code, result.err]).toEqual([
      2,
      expect.stringContaining("missing.env can't be read (ENOENT)"),
    ]);
  });
});
