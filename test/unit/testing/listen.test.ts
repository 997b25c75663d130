import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCalEmulator, type ListeningEmulator, type ListenOptions } from "../../../src/testing/index.js";

let server: ListeningEmulator | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Sends a request with a `Host` header, which `fetch` doesn't allow. */
function getWithHost(host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server!.url}/me`, { headers: { host } }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("the listening server and the Host header", () => {
  const listen = async (options: ListenOptions = {}): Promise<void> => {
    server = await createCalEmulator().listen(options);
  };

  test.each([
    "127.0.0.1",
    "127.0.0.1:4010",
    "localhost",
    "LOCALHOST:80",
    "app.localhost:4010",
    "[::1]:4010",
    "192.168.1.20:4010",
  ])("serves %s", async (host) => {
    await listen();
    expect((await getWithHost(host)).status).toBe(401);
  });

  test.each([
    "evil.example",
    "evil.example:4010",
    "localhost.evil.example",
    "evillocalhost",
    "127.0.0.1.evil.example",
    "evil@127.0.0.1",
    "emulator:4010",
  ])("refuses %s with 421", async (host) => {
    await listen();
    const { status, body } = await getWithHost(host);
    expect(status).toBe(421);
    expect(body).toContain("allowedHosts");
  });

  test("serves names in allowedHosts", async () => {
    await listen({ allowedHosts: ["emulator"] });
    expect((await getWithHost("emulator:4010")).status).toBe(401);
    expect((await getWithHost("evil.example")).status).toBe(421);
  });
});

describe("the listening server and NODE_ENV", () => {
  beforeEach(() => {
    // The warning is once per process.
    vi.resetModules();
  });

  async function listenTwice(): Promise<unknown[][]> {
    const { createCalEmulator: create } = await import("../../../src/testing/index.js");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await (await create().listen()).close();
    await (await create().listen()).close();
    return warn.mock.calls;
  }

  test("warns once on standard error in production", async () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(await listenTwice()).toEqual([[expect.stringContaining("NODE_ENV is production")]]);
  });

  test("is silent otherwise", async () => {
    vi.stubEnv("NODE_ENV", "development");
    expect(await listenTwice()).toEqual([]);
  });
});
