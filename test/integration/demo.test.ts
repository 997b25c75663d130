import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../support/markdown.js";

async function runDemo(env: Record<string, string> = {}): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/demo/main.ts", "--check"], {
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
  expect(output.match(/^ok {4}/gm)).toHaveLength(11);
  expect(code).toBe(0);
}, 180_000);

test("npm run demo -- --check fails with advice if the real Cal.com is configured", async () => {
  const { code, output } = await runDemo({ CAL_CLIENT_ID: "an-id", CAL_CLIENT_SECRET: "a-secret" });
  expect(output).toContain("Unset CAL_CLIENT_ID");
  expect(output).not.toContain("a-secret");
  expect(code).toBe(1);
}, 180_000);
