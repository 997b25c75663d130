import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { runCommand } from "../../support/command-line.js";

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

  test("--transaction: nothing that can't run in one", async () => {
    const { out } = await runCommand(["schema", "--sql", "--transaction"]);
    expect(out).not.toContain("CONCURRENTLY");
    expect(out).toContain("SET LOCAL lock_timeout");
  });

  test("names can be set", async () => {
    const names = ["--schema", "cal", "--table", "tokens", "--user-table", "people", "--user-column", "id"];
    const { out } = await runCommand(["schema", ...names]);
    expect(out).toContain(`CREATE TABLE IF NOT EXISTS "cal"."tokens" (`);
    expect(out).toContain(`REFERENCES "cal"."people" ("id")`);
    // Whoever reads the script has perhaps not read the help.
    expect(out).toContain("-- It refers to the table of your users. Another: --user-table,");
    const { out: alone } = await runCommand(["schema", "--no-user-table"]);
    expect(alone).not.toMatch(/REFERENCES|--user-table/);
  });

  test("--prisma prints the model, and both sides of the relation", async () => {
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
  ])("called wrongly, with %j: says how, and exits with 2", async (args) => {
    const { code, out, err } = await runCommand(["schema", ...args]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("calbridge schema [--sql | --prisma]");
  });

  test("--help says more", async () => {
    const { code, out } = await runCommand(["schema", "--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining("--user-table")]);
  });
});
