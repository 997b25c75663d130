import type { TestClientOptions } from "../../support/client-options.js";
import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore, type TokenStore } from "../../../src/index.js";
import { rejection, storeOfAda, tokensOf } from "../../support/client.js";
import { everyMethod } from "../../support/every-method.js";
import { answer, startBadServer, type BadServer, type Behaviour } from "./bad-server.js";
import { useRealFetch } from "./real-fetch.js";
import { signpost } from "./signpost.js";

useRealFetch();

const profile = answer(JSON.stringify({ status: "success", data: { id: 101, email: "ada@example.com" } }));
const secrets = {
  refreshToken: "the-refresh-token",
  code: "the-code",
  state: JSON.stringify({ accessToken: "stored-access-token", origin: "o" }),
  applePassword: "the-password",
  icsUrl: "https://feed.example/a.ics",
};

const warnings: string[] = [];
const warned = (warning: Error) => warnings.push(warning.message);
let servers: BadServer[] = [];
beforeEach(() => process.on("warning", warned));
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
  process.off("warning", warned);
  expect(warnings.splice(0)).toEqual([]);
});

async function start(behave: Behaviour): Promise<BadServer> {
  const server = await startBadServer(behave);
  servers.push(server);
  return server;
}

async function clientOf({ origin }: { origin: string }, options: TestClientOptions = {}): Promise<CalClient> {
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    baseUrl: origin,
    tokenStore: await storeOfAda(),
    ...options,
  });
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

describe("a call that is given up", () => {
  const half = `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":`;
  const moments: [string, Behaviour][] = [
    ["while the server says nothing", () => undefined],
    ["in the middle of the headers", (socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-")],
    ["in the middle of the body", (socket) => void socket.write(half)],
    [
      "while bytes of a body without an end come in",
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const more = () => socket.writable && socket.write("5\r\n     \r\n", () => setImmediate(more));
        more();
      },
    ],
  ];

  test.each(moments)("%s: ends at once, and with it the connection", async (_, behave) => {
    const { reached, reach } = signpost();
    const sockets: Socket[] = [];
    const server = await start(async (socket, request) => {
      sockets.push(socket);
      await behave(socket, request);
      // What was written is there when the event loop has turned.
      setTimeout(reach, 20);
    });
    const cal = await clientOf(server);
    const controller = new AbortController();
    const call = rejection(cal.forUser("ada").profile({ signal: controller.signal }));
    await reached;
    controller.abort("the user left");
    expect(await call).toBe("the user left");
    expect(listeners(controller.signal)).toBe(0);
    await expect.poll(() => sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(server.requests).toHaveLength(1);
  });

  test("in the pause before a repeat: nothing more is sent", async () => {
    const { reached, reach } = signpost();
    const server = await start((socket) => {
      socket.write(answer("", { status: "503 Away", headers: ["Retry-After: 5"] }));
      setTimeout(reach, 20);
    });
    const cal = await clientOf(server);
    const controller = new AbortController();
    const call = rejection(cal.forUser("ada").profile({ signal: controller.signal }));
    await reached;
    controller.abort("the user left");
    expect(await call).toBe("the user left");
    expect(listeners(controller.signal)).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  test("while somebody else's refresh is under way: that one goes on, and its tokens are kept", async () => {
    const { reached, reach } = signpost();
    const { reached: released, reach: release } = signpost();
    const server = await start(async (socket, { target }) => {
      if (!target.endsWith("/refresh")) return void socket.write(profile);
      reach();
      await released;
      const data = { accessToken: "next-access-token", refreshToken: "next-refresh-token" };
      socket.write(answer(JSON.stringify({ status: "success", data })));
    });
    const tokenStore = await storeOfAda({ calAccessTokenExpiresAt: new Date(0) });
    const cal = await clientOf(server, { tokenStore });
    const first = cal.forUser("ada").profile();
    await reached;
    const controller = new AbortController();
    const second = rejection(cal.forUser("ada").profile({ signal: controller.signal }));
    controller.abort("the user left");
    expect(await second).toBe("the user left");
    expect(listeners(controller.signal)).toBe(0);
    release();
    expect(await first).toMatchObject({ id: 101 });
    expect(await tokenStore.get("ada")).toMatchObject({ calRefreshToken: "next-refresh-token" });
    expect(server.requests.filter(({ target }) => target.endsWith("/refresh"))).toHaveLength(1);
  });

  test("while another process has the lease", async () => {
    const { reached, reach } = signpost();
    const inner = memoryTokenStore();
    await inner.set(tokensOf("ada", { calAccessTokenExpiresAt: new Date(0) }), { ifVersion: null });
    let isTheirs = true;
    const tokenStore: TokenStore = {
      ...inner,
      get: (userId) => inner.get(userId),
      set: (record, options) => inner.set(record, options),
      delete: (userId) => inner.delete(userId),
      acquireLease: () => {
        reach();
        return Promise.resolve(!isTheirs);
      },
    };
    const server = await start((socket) => void socket.write(answer("", { status: "401 No" })));
    const cal = await clientOf(server, { tokenStore });
    const controller = new AbortController();
    const call = rejection(cal.forUser("ada").profile({ signal: controller.signal }));
    await reached;
    controller.abort("the user left");
    expect(await call).toBe("the user left");
    expect(listeners(controller.signal)).toBe(0);
    // For whoever else waits, the work goes on: it would be there after the test otherwise.
    isTheirs = false;
    await expect.poll(() => server.requests.length).toBe(1);
  });
});

describe("a token store that does not answer", () => {
  const never = () => new Promise<never>(() => undefined);
  const tokenStore: TokenStore = { get: never, set: never, delete: never };
  const nobody = { origin: "http://127.0.0.1:1" };

  test.each(everyMethod.filter(({ isForUser, name }) => isForUser || name.startsWith("user.")))(
    "holds up no $name that is given up, or whose time is up",
    async ({ call }) => {
      const cal = await clientOf(nobody, { tokenStore, timeoutMs: 40 });
      const { signal } = new AbortController();
      expect(await rejection(call(cal, secrets, { signal }))).toMatchObject({ code: "timeout" });
      expect(listeners(signal)).toBe(0);

      const controller = new AbortController();
      const patient = await clientOf(nobody, { tokenStore, timeoutMs: 3_000_000 });
      const given = rejection(call(patient, secrets, { signal: controller.signal }));
      controller.abort("the user left");
      expect(await given).toBe("the user left");
      expect(listeners(controller.signal)).toBe(0);
    },
  );
});

test("one signal for three thousand calls, hundreds at once: nothing gathers on it, and nobody warns", async () => {
  let count = 0;
  const server = await start((socket) => {
    count += 1;
    socket.write(
      count % 50 === 0 ? answer("", { status: "503 Away", headers: ["Retry-After: 0"] }) : profile,
    );
  });
  const cal = await clientOf(server, { retry: { limit: 9 } });
  const { signal } = new AbortController();
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 300 }, () => cal.forUser("ada").profile({ signal })));
  }
  expect(count).toBeGreaterThan(3_000);
  expect(listeners(signal)).toBe(0);
  // Where Node keeps what AbortSignal.any() was given; it is never emptied on Node 20.
  const dependants = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === "kDependantSignals",
  );
  const kept = dependants && (signal as never as Record<symbol, Set<unknown> | null>)[dependants];
  expect(kept?.size ?? 0).toBe(0);
});
