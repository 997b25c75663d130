import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { CommandIo } from "../../../src/cli/command.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { dropTables } from "../../support/tables.js";

const key = randomBytes(32).toString("base64");
const names = ["ada", "bob", "cyd", "dan"];
let database: TestDatabase;
let emulator: CalEmulator;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  // The pauses between two users, and nothing else.
  vi.stubGlobal("setTimeout", (run: () => void, ms = 0, ...rest: []) =>
    realTimeout(run, ms > 100 && ms < 1_000 ? 0 : ms, ...rest),
  );
  emulator = createCalEmulator({ clientSecret: "s3cret-of-the-client" });
  await dropTables(database.pool);
  await createSchema(database.pool);
});
afterEach(() => void vi.unstubAllGlobals());
const realTimeout = globalThis.setTimeout;

/** Managed users and rows of an integration written by hand. */
async function addOldRows({ keys }: { keys?: Record<string, string> } = {}): Promise<Map<string, number>> {
  const table = postgresTokenStore({ client: database.pool });
  const store = keys ? encryptedTokenStore(table, { keys }) : table;
  const ids = new Map<string, number>();
  for (const userId of names) {
    const { id, accessToken, refreshToken } = await emulator.users.create({
      email: `${userId}@example.com`,
      name: userId,
    });
    ids.set(userId, id);
    const row = {
      userId,
      calUserId: id,
      calServer: "",
      details: null,
      calAccessToken: accessToken,
      calAccessTokenExpiresAt: null,
      calRefreshToken: refreshToken,
      calRefreshTokenExpiresAt: null,
    };
    await store.set(row, { ifVersion: null });
  }
  return ids;
}

const ownedCount = (): number =>
  emulator.users.list().filter(({ metadata }) => metadata?.["calbridgeUser"] !== undefined).length;

function environment(): Record<string, string | undefined> {
  return {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: emulator.url,
    DATABASE_URL: database.url,
  };
}

async function claim(args: string[] = [], io: Partial<CommandIo> = {}): Promise<CommandResult> {
  const result = await runCommand(["claim", ...args], {
    env: environment(),
    fetch: emulator.fetch,
    untilStopped: () => new Promise(() => undefined),
    ...io,
  });
  for (const secret of [emulator.clientSecret, key, database.url, "postgres:postgres", "eyJ"]) {
    expect(result.out + result.err).not.toContain(secret);
  }
  return result;
}

test("all managed users get an owner, and the summary says so", async () => {
  await addOldRows();
  const { code, out, err } = await claim(["--max-per-minute", "200"]);
  expect([code, err]).toEqual([0, ""]);
  expect(out).toContain(
    "4 users looked at: 4 claimed, 0 in use by another user, 0 gone at Cal.com, 0 failed.",
  );
  expect(out).toContain("adoptUnowned can be turned off");
  expect(ownedCount()).toBe(4);
  expect((await claim()).out).toContain("4 users looked at: 0 claimed");
});

test("encrypted rows too, with the keys of the environment", async () => {
  await addOldRows({ keys: { k1: key } });
  const { code } = await claim([], { env: { ...environment(), CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}` } });
  expect([code, ownedCount()]).toEqual([0, 4]);
});

test("it continues after a user", async () => {
  await addOldRows();
  const order = await postgresTokenStore({ client: database.pool }).list({ limit: 10 });
  const { code, out } = await claim(["--after", order[1]!]);
  expect([code, ownedCount()]).toEqual([0, 2]);
  expect(out).toContain("2 users looked at");
});

test("stopped, it says where to continue, and exits with 1", async () => {
  await addOldRows();
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const fetch: typeof globalThis.fetch = async (...request) => {
    stop();
    return emulator.fetch(...request);
  };
  const { code, out } = await claim([], { fetch, untilStopped: () => stopped });
  expect(code).toBe(1);
  expect(out).toMatch(/1 users looked at.*to continue here: --after \w+/s);
  expect(ownedCount()).toBe(1);
});

describe("users that can't be claimed are named with the reason, and the exit code is 1", () => {
  test("Cal.com fails, or another user has the managed user", async () => {
    const ids = await addOldRows();
    emulator.inject({
      path: new RegExp(`/users/${String(ids.get("ada"))}$`),
      effect: { status: 500 },
      times: 9,
    });
    await setMetadata(ids.get("bob")!, { calbridgeUser: "f".repeat(64) });
    const { code, out, err } = await claim();
    expect(code).toBe(1);
    expect(err).toMatch(/^failed +ada: /m);
    expect(err).toMatch(/^in use +bob$/m);
    expect(out).toContain(
      "4 users looked at: 2 claimed, 1 in use by another user, 0 gone at Cal.com, 1 failed.",
    );
    expect(out).not.toContain("can be turned off");
  });

  test("a managed user that is gone is no failure of the command", async () => {
    const ids = await addOldRows();
    emulator.users.delete(ids.get("cyd")!);
    const { code, out, err } = await claim();
    expect([code, err]).toEqual([0, "gone     cyd"]);
    expect(out).toContain("1 gone at Cal.com");
  });
});

/** Sets metadata at Cal.com, without the client, which would drop the owner hash. */
async function setMetadata(id: number, metadata: Record<string, unknown>): Promise<void> {
  const url = `${emulator.url}/oauth-clients/${emulator.clientId}/users/${String(id)}`;
  const headers = { "x-cal-secret-key": emulator.clientSecret, "content-type": "application/json" };
  const response = await emulator.fetch(url, {
    method: "PATCH",
    headers,
    body: JSON.stringify({ metadata }),
  });
  expect(response.status).toBe(200);
}

describe("what is missing is said before anything is done", () => {
  test.each([
    ["no database", { DATABASE_URL: undefined }, 1, "DATABASE_URL is not set"],
    ["no client", { CAL_CLIENT_ID: undefined }, 2, "CAL_CLIENT_ID"],
    ["keys that can't be read", { CAL_TOKEN_ENCRYPTION_KEYS: "k1" }, 2, "CAL_TOKEN_ENCRYPTION_KEYS"],
    ["another database", { DATABASE_URL: "mysql://x/y" }, 1, "not a Postgres URL"],
  ] as const)("%s", async (_, change, expected, message) => {
    const { code, err } = await claim([], { env: { ...environment(), ...change } });
    expect([code, err]).toEqual([expected, expect.stringContaining(message)]);
    expect(emulator.count()).toBe(0);
  });

  test("no table", async () => {
    await dropTables(database.pool);
    const { code, err } = await claim();
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("The table does not exist: run `npx calbridge schema`"),
    ]);
  });

  test.each(["0", "201", "1.5", "x", ""])("--max-per-minute %j", async (value) => {
    const { code, err } = await claim([`--max-per-minute=${value}`]);
    expect([code, err]).toEqual([2, expect.stringContaining("--max-per-minute must be")]);
  });
});

describe("--env-file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "calbridge-claim-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("variables come from a file, and those of the environment go before them", async () => {
    await addOldRows();
    const file = join(folder, ".env");
    const { CAL_CLIENT_ID, ...others } = environment();
    const lines = Object.entries({ ...others, CAL_CLIENT_ID: "another" }).map(
      ([name, value]) => `${name}="${value}"`,
    );
    await writeFile(file, lines.join("\n"));
    expect((await claim(["--env-file", file], { env: { CAL_CLIENT_ID } })).code).toBe(0);
    expect(ownedCount()).toBe(4);
  });

  test("a file that isn't there", async () => {
    const { code, err } = await claim(["--env-file", join(folder, "none")]);
    expect([code, err]).toEqual([2, expect.stringMatching(/--env-file: .* can't be read \(ENOENT\)/)]);
  });
});
