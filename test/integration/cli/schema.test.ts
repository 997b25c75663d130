import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import {
  postgresConnectionStore,
  postgresTokenStore,
  type PostgresConnectionStoreOptions,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { runCommand } from "../../support/command-line.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

describe("calbridge", () => {
  test("says what it can do", async () => {
    const { code, out } = await runCommand([]);
    expect([code, out]).toEqual([2, expect.stringContaining("schema")]);
  });

  test.each(["--help", "-h", "help"])("%s says what it can do", async (name) => {
    const { code, out, err } = await runCommand([name]);
    expect([code, out, err]).toEqual([0, expect.stringContaining("calbridge --version"), ""]);
  });

  test.each(["--version", "-v"])("%s prints the version alone", async (name) => {
    expect(await runCommand([name])).toEqual({ code: 0, out: "1.2.3", err: "" });
  });

  test.each([["nothing"], ["__proto__"], ["toString"]])("%s is no command", async (name) => {
    expect(await runCommand([name])).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("no command"),
    });
  });

  test("is a program", async () => {
    const program = (...args: string[]) =>
      promisify(execFile)(process.execPath, ["--import", "tsx", "src/cli/bin.ts", ...args]);
    const { stdout } = await program("schema", "--no-user-table");
    expect(stdout).toContain(`CREATE TABLE IF NOT EXISTS "CalendarIntegration"`);
    expect((await program("--version")).stdout.trim()).toBe(manifest.version);
    await expect(program("nothing")).rejects.toMatchObject({ code: 2 });
  });
});

describe("calbridge schema", () => {
  test("prints SQL by default, with the reference to the users", async () => {
    const { code, out, err } = await runCommand(["schema"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain(`"userUlid" TEXT REFERENCES "User" ("ulid"),`);
    expect(out).toContain("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS");
    expect(await runCommand(["schema", "--sql"])).toEqual({ code, out, err });
  });

  test("--transaction: nothing that can't run in one, and no command of psql", async () => {
    const { out } = await runCommand(["schema", "--sql", "--transaction"]);
    expect(out).not.toMatch(/CONCURRENTLY|^\\/m);
    expect(out).toContain("SET LOCAL lock_timeout");
  });

  test("names can be set", async () => {
    const names = ["--schema", "cal", "--table", "tokens", "--user-table", "people", "--user-column", "id"];
    const { out } = await runCommand(["schema", ...names]);
    expect(out).toContain(`CREATE TABLE IF NOT EXISTS "cal"."tokens" (`);
    expect(out).toContain(`REFERENCES "cal"."people" ("id")`);
    // A reader of the script may not have read the help.
    expect(out).toContain("-- A new table refers to the table of your users. Another: --user-table,");
    const { out: alone } = await runCommand(["schema", "--no-user-table"]);
    expect(alone).not.toMatch(/REFERENCES|--user-table/);
  });

  test("columns, the second table and the type of ids can be set", async () => {
    const args = ["--columns", "userId=user_id, calAccessToken=access_token", "--entry-table", "cal_entries"];
    const { code, out } = await runCommand(["schema", ...args, "--user-type", "bigint"]);
    expect(code).toBe(0);
    expect(out).toContain(`"user_id" BIGINT REFERENCES "User" ("ulid"),`);
    expect(out).toContain(`"access_token" TEXT NOT NULL`);
    expect(out).toContain(`CREATE TABLE IF NOT EXISTS "cal_entries" (`);
    const upper = await runCommand([
      "schema",
      ...args,
      "--user-type",
      "BIGINT",
      "--env-file",
      "examples/express/.env.example",
    ]);
    expect(upper).toEqual({ code, out, err: "" });
    const missing = await runCommand(["schema", "--env-file", "none.env"]);
    expect(missing).toEqual({
      code: 2,
      out: "",
      err: expect.stringContaining("none.env can't be read (ENOENT)"),
    });
    const prisma = await runCommand(["schema", "--prisma", ...args, "--user-type", "uuid"]);
    expect(prisma.out).toMatch(/userUlid +String\? +@unique @map\("user_id"\) @db.Uuid/);
    expect(prisma.out).toContain(`@@map("cal_entries")`);
  });

  test("--prisma prints the models, and both sides of the relation", async () => {
    const { code, out } = await runCommand(["schema", "--prisma"]);
    expect(code).toBe(0);
    expect(out).toContain("model CalendarIntegration {");
    expect(out).toContain("@relation(fields: [userUlid], references: [ulid]");
    expect(out).toContain("calendarIntegration CalendarIntegration?");
    const other = await runCommand(["schema", "--prisma", "--table", "cal-tokens", "--no-user-table"]);
    expect(other.out).toContain(`@@map("cal-tokens")`);
    expect(other.out).not.toContain("@relation");
  });

  test.each([
    [["--nothing"]],
    [["extra"]],
    [["--table"]],
    [["--table", ""]],
    [["--prisma", "--sql"]],
    [["--prisma", "--schema", "cal"]],
    [["--no-user-table", "--user-table", "people"]],
    [["--user-type", "varchar"]],
    [["--columns", "userId"]],
    [["--columns", "userId=a=b"]],
    [["--columns", "userId=user_id,"]],
    [["--columns", "user=user_id"]],
    [["--columns", "userId=id"]],
    [["--prisma", "--columns", "user=user_id"]],
    [["--dialect", "mysql"]],
    [["--dialect", "sqlite", "--prisma"]],
    [["--dialect", "sqlite", "--transaction"]],
    [["--dialect", "sqlite", "--schema", "cal"]],
    [["--dialect", "sqlite", "--user-table", "people"]],
    [["--dialect", "sqlite", "--no-user-table", "--user-table", "people", "--user-column", "id"]],
  ])("called wrongly, with %j: says how, and exits with 2", async (args) => {
    const { code, out, err } = await runCommand(["schema", ...args]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("calbridge schema [--sql | --transaction | --prisma | --dialect sqlite]");
  });

  test("--help says more", async () => {
    const { code, out } = await runCommand(["schema", "--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining("--user-table")]);
  });
});

describe("calbridge schema, with psql", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  /** What psql prints, and its exit code, for the script as its input. */
  async function psql(...args: string[]): Promise<{ code: number | null; errors: string[] }> {
    const { out } = await runCommand(["schema", ...args]);
    const child = spawn("psql", [database.url], { stdio: ["pipe", "ignore", "pipe"] });
    const printed: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => printed.push(text));
    child.stdin.end(out);
    // `once` rejects if there is no psql: Debian's package postgresql-client has it.
    const [code] = (await once(child, "close")) as [number | null];
    return {
      code,
      errors: printed
        .join("")
        .split("\n")
        .filter((line) => line.startsWith("ERROR")),
    };
  }

  test("without a table of users it stops at the first error, which names the options", async () => {
    const { code, errors } = await psql();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('There is no table "User" of users.');
    expect(errors[0]).toContain("--no-user-table");
    expect(code).not.toBe(0);
  });

  test("makes the tables, and can be applied again", async () => {
    for (let n = 0; n < 2; n += 1) {
      expect(await psql("--no-user-table")).toEqual({ code: 0, errors: [] });
    }
    const store = postgresTokenStore({ client: database.pool });
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 1000 })).toBe(true);
  });

  test.each<[string[], PostgresConnectionStoreOptions["table"]]>([
    [["--connections"], undefined],
    [["--connection-table", "watched_calendars"], "watched_calendars"],
  ])(
    "%j makes the table of connections, also beside the others, and can be applied again",
    async (args, table) => {
      for (let n = 0; n < 2; n += 1) {
        expect(await psql("--no-user-table", ...args)).toEqual({ code: 0, errors: [] });
      }
      const store = postgresConnectionStore({ client: database.pool, table });
      await store.makeDue("ada");
      expect(await store.claimDue({ limit: 5, leaseMs: 1000 })).toMatchObject([{ userId: "ada" }]);
    },
  );

  test("--prisma and --dialect sqlite print it as well", async () => {
    const { out: prisma } = await runCommand(["schema", "--prisma", "--connections"]);
    expect(prisma).toContain("model CalendarConnectionState {");
    const { out: sqlite } = await runCommand(["schema", "--dialect", "sqlite", "--connections"]);
    expect(sqlite).toContain('CREATE TABLE IF NOT EXISTS "CalendarConnectionState"');
    for (const format of [["--prisma"], ["--dialect", "sqlite"], []]) {
      expect((await runCommand(["schema", ...format])).out).not.toContain("CalendarConnectionState");
    }
  });
});
