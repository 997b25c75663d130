import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { createProject, type Project } from "../../support/project.js";
import { bundleForWorkers, program, startWorker, type WorkerModule } from "./tools.js";

let project: Project;
let modules: WorkerModule[];
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  project = await createProject();
  await cp(program, join(project.directory, "program"), { recursive: true });
  modules = await bundleForWorkers(project, "shared-client.js", { external: ["cloudflare:workers"] });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => project.remove());

/** A Worker whose requests share a client. Ada's access token has expired, and a refresh takes a second. */
async function startSharing(options: { withWaitUntil: boolean }) {
  const emulator = createCalEmulator();
  const { url: emulatorUrl, close } = await emulator.listen();
  const { clientId, clientSecret } = emulator;
  const worker = startWorker({
    modules,
    bindings: {
      managedUsers: { clientId, clientSecret },
      emulatorUrl,
      ...options,
    },
  });
  closing.push(() => worker.dispose(), close);
  const origin = await worker.ready;
  const get = async (path: string, init?: RequestInit) => (await fetch(new URL(path, origin), init)).text();
  expect(await get("/ensure")).toBe("ada");
  expect(await get("/profile")).toBe("Ada");
  emulator.clock.advance(60 * 60_000);
  emulator.inject({ method: "POST", path: refreshPath(emulator), effect: { delayMs: 1_000 } });
  return {
    get,
    refreshes: () => emulator.count({ method: "POST", path: refreshPath(emulator) }),
    /** Waits until Cal.com has received the refresh. */
    refreshStarted: () =>
      expect.poll(() => emulator.count({ method: "POST", path: refreshPath(emulator) })).toBe(1),
  };
}

function refreshPath({ clientId }: CalEmulator): string {
  return `/oauth/${clientId}/refresh`;
}

/** Sends a request and disconnects before its response. */
async function requestAndDisconnect({
  get,
  refreshStarted,
}: Awaited<ReturnType<typeof startSharing>>): Promise<void> {
  const controller = new AbortController();
  const request = get("/profile", { signal: controller.signal });
  await refreshStarted();
  controller.abort();
  await expect(request).rejects.toThrow("abort");
}

describe.each([{ withWaitUntil: true }, { withWaitUntil: false }])(
  "requests that share a client, %o",
  (options) => {
    test("requests share a refresh, and each gets its response", async () => {
      const { get, refreshes } = await startSharing(options);
      const names = await Promise.all(Array.from({ length: 5 }, () => get("/profile")));
      expect(names).toEqual(Array.from({ length: 5 }, () => "Ada"));
      expect(refreshes()).toBe(1);
      expect((await get("/outcomes")).split(",").sort()).toEqual([
        "joined",
        "joined",
        "joined",
        "joined",
        "refreshed",
      ]);
    });
  },
);

describe("when the request that refreshes ends early", () => {
  test("waitUntil keeps the refresh running after the browser has disconnected", async () => {
    const worker = await startSharing({ withWaitUntil: true });
    await requestAndDisconnect(worker);
    expect(await worker.get("/profile")).toBe("Ada");
    expect(worker.refreshes()).toBe(1);
    expect((await worker.get("/outcomes")).split(",").sort()).toEqual(["joined", "refreshed"]);
  });

  test("waitUntil keeps the refresh running after the request has timed out", async () => {
    const worker = await startSharing({ withWaitUntil: true });
    expect(await worker.get("/profile?timeoutMs=100")).toBe("timeout");
    expect(await worker.get("/profile")).toBe("Ada");
    expect(worker.refreshes()).toBe(1);
  });

  // The documentation warns of this. If it fails, the runtime has changed, and the warning can be removed.
  test("without waitUntil the refresh ends with its request, and the next requests time out", async () => {
    const worker = await startSharing({ withWaitUntil: false });
    expect(await worker.get("/profile?timeoutMs=100")).toBe("timeout");
    expect(await worker.get("/profile?timeoutMs=2000")).toBe("timeout");
    expect(await worker.get("/profile?timeoutMs=100")).toBe("timeout");
    expect(await worker.get("/outcomes")).toBe("");
  });
});
