import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { root } from "../support/markdown.js";

async function runDemo(
  env: Record<string, string> = {},
  args = ["--check"],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/demo/main.ts", ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output };
}

test("npm run demo -- --check connects a calendar, handles all faults and disconnects", async () => {
  const { code, output } = await runDemo();
  expect(output).toContain("The demo works.");
  expect(output.match(/^ok {4}/gm)).toHaveLength(15);
  expect(code).toBe(0);
}, 180_000);

test("npm run demo -- --otel prints the spans of the whole flow, without a token", async () => {
  const { code, output } = await runDemo({}, ["--check", "--otel"]);
  const names = [...output.matchAll(/^ {2}name: '(.+)',$/gm)].map(([, name]) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "calbridge handler googleOauthRedirect",
      "calbridge refresh",
      "calbridge store set",
      "GET /calendars/{calendar}/connect",
    ]),
  );
  expect(output).not.toMatch(/eyJ[\w-]+\.[\w-]+\./);
  expect(code).toBe(0);
}, 180_000);

test("npm run demo -- --check fails with advice if the real Cal.com is configured", async () => {
  const { code, output } = await runDemo({ CAL_CLIENT_ID: "an-id", CAL_CLIENT_SECRET: "a-secret" });
  expect(output).toContain("Unset CAL_CLIENT_ID");
  expect(output).not.toContain("a-secret");
  expect(code).toBe(1);
}, 60_000);

test("the demo says in one sentence that its port is in use, or is none", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  expect(await runDemo({}, ["--port", String(port)])).toEqual({
    code: 1,
    output: `Port ${port} is in use. Choose another one with --port.\n`,
  });
  other.close();
  const expected = { code: 1, output: "--port takes a number from 0 to 65535.\n" };
  for (const wrong of ["http", "65536", ""]) expect(await runDemo({}, [`--port=${wrong}`])).toEqual(expected);
}, 60_000);
