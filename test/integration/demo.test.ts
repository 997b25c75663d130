import { spawn } from "node:child_process";
import { expect, it } from "vitest";
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

it("the demo connects a calendar from nothing, survives an expiry and a lost answer, and disconnects", async () => {
  const { code, output } = await runDemo();
  expect(output).toContain("The demo works.");
  expect(output.match(/^ok {4}/gm)).toHaveLength(11);
  expect(code).toBe(0);
}, 60_000);

it("the demo's check fails loudly where it can't be done", async () => {
  const { code, output } = await runDemo({ CAL_CLIENT_ID: "an-id", CAL_CLIENT_SECRET: "a-secret" });
  expect(output).toContain("Unset CAL_CLIENT_ID");
  expect(output).not.toContain("a-secret");
  expect(code).toBe(1);
}, 60_000);
