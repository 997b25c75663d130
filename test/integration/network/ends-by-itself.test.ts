import { execFile } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../support/bundle.js";
import { freePort } from "../../support/free-port.js";
import { responseText, startBadServer, type Behaviour } from "./bad-server.js";

// How long a process may take to end on a busy machine, when it has nothing more to do. A timer or socket that is still
// open would keep it running for longer: for the time limits of a minute that it is given here.
const SOON_MS = 20_000;
const LONG_MS = 60_000;

interface Report {
  ends: Record<string, number>;
  timers: number;
  unhandled: number;
  at: number;
}

let file: string;
beforeAll(async () => {
  file = await bundle("network-process", { whole: true });
});
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

/** Runs the application to its end. Returns its report, and how long it ran on after its last call. */
async function run(
  config: object,
): Promise<Report & { idleMs: number; stderr: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [file, JSON.stringify(config)], (error, stdout, stderr) => {
      const endedAt = Date.now();
      if (stdout === "") {
        reject(error ?? new Error(`It wrote no report. ${stderr}`));
        return;
      }
      const report = JSON.parse(stdout) as Report;
      resolve({ ...report, idleMs: endedAt - report.at, stderr, code: child.exitCode });
    });
    const killer = setTimeout(() => child.kill("SIGKILL"), LONG_MS);
    child.on("exit", () => clearTimeout(killer));
  });
}

async function start(behave: Behaviour): Promise<string> {
  const server = await startBadServer(behave);
  closing.push(() => server.close());
  return server.origin;
}

const profile = responseText(
  JSON.stringify({ status: "success", data: { id: 101, email: "ada@example.com" } }),
);
const clean = { timers: 0, unhandled: 0, stderr: "", code: 0 };
const endless: Behaviour = (socket) => {
  socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const more = () => socket.writable && socket.write("1\r\n \r\n", () => setTimeout(more, 5));
  more();
};

describe.concurrent("a process ends by itself when its calls are over", () => {
  const networks: [string, Behaviour, Record<string, number>, object?][] = [
    ["works", (socket) => void socket.write(profile), { success: 20 }],
    ["resets every connection", (socket) => void socket.resetAndDestroy(), { network_error: 20 }],
    ["never responds", () => undefined, { timeout: 20 }, { timeoutMs: 200 }],
    ["never ends its bodies", endless, { timeout: 20 }, { timeoutMs: 200 }],
    ["never ends its bodies, and the caller aborts", endless, { aborted: 20 }, { abortMs: 300 }],
    ["never responds, and the caller aborts", () => undefined, { aborted: 20 }, { abortMs: 300 }],
    [
      "returns 503, and the caller aborts in the delay before the retry",
      (socket) =>
        void socket.write(responseText("", { status: "503 Unavailable", headers: ["Retry-After: 9"] })),
      { aborted: 10, server_error: 10 },
      { abortAfter: 20 },
    ],
  ];
  test.each(networks)("the process ends when the network %s", async (_, behave, ends, more = {}) => {
    const baseUrl = await start(behave);
    const report = await run({ baseUrl, timeoutMs: LONG_MS, retries: 1, calls: 20, ...more });
    expect(report).toMatchObject({ ...clean, ends });
    expect(report.idleMs).toBeLessThan(SOON_MS);
  });

  test("the process ends when connections are refused", async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    const report = await run({ baseUrl, timeoutMs: LONG_MS, retries: 1, calls: 20 });
    expect(report).toMatchObject({ ...clean, ends: { network_error: 20 } });
    expect(report.idleMs).toBeLessThan(SOON_MS);
  });

  test("the process ends after a refresh whose callers have all timed out", async () => {
    const baseUrl = await start(async (socket, { target }) => {
      if (!target.endsWith("/refresh")) return void socket.write(profile);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      socket.resetAndDestroy();
    });
    const report = await run({ baseUrl, timeoutMs: 200, retries: 0, calls: 10, isExpired: true });
    expect(report).toMatchObject({ unhandled: 0, stderr: "", code: 0, ends: { timeout: 10 } });
    expect(report.idleMs).toBeLessThan(1_000 + SOON_MS);
  });
});
