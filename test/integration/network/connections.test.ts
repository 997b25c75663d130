import type { TestClientOptions } from "../../support/client-options.js";
import dns from "node:dns";
import type { AddressInfo, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, describe, expect, test, vi } from "vitest";
import { CalClient, memoryTokenStore } from "../../../src/index.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createAda, rejection, storeOfAda } from "../../support/client.js";
import { freePort } from "../../support/free-port.js";
import { responseText, startBadServer, type Behaviour } from "./bad-server.js";
import { useRealFetch } from "./real-fetch.js";

useRealFetch();

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

const ok = (data: object) => responseText(JSON.stringify({ status: "success", data }));
const ada = { id: 101, email: "ada@example.com" };
const tokens = { accessToken: "a2", refreshToken: "r2" };
/** Sends the response that the request expects. */
const respond: Behaviour = (socket, { method, target }) => {
  const isCreate = method === "POST" && target.endsWith("/users");
  socket.write(ok(isCreate ? { user: ada, ...tokens } : target.endsWith("refresh") ? tokens : ada));
};
const input = { email: "new@example.com", name: "New" };

async function start(behave: Behaviour, options: Parameters<typeof startBadServer>[1] = {}) {
  const server = await startBadServer(behave, options);
  closing.push(() => server.close());
  return server;
}

async function clientOf(baseUrl: string, options: TestClientOptions = {}): Promise<CalClient> {
  const tokenStore = await storeOfAda();
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    baseUrl,
    // Some of these hosts are not of this machine.
    allowInsecure: true,
    tokenStore,
    ...options,
  });
}

/** Hooks that call `repair` after the first failed attempt. */
const afterFirstFailure = (repair: () => Promise<unknown>) => {
  let isRepaired = false;
  return {
    onResponse: ({ status }: { status: number | undefined }) => {
      if (status !== undefined || isRepaired) return;
      isRepaired = true;
      void repair();
    },
  };
};

describe.concurrent("a server that refuses connections", () => {
  test("a refused connection is a CalNetworkError after the retries", async () => {
    const attempts: number[] = [];
    const cal = await clientOf(`http://127.0.0.1:${await freePort()}`, {
      hooks: { onRequest: ({ attempt }) => attempts.push(attempt) },
    });
    const error = await rejection(cal.forUser("ada").profile());
    expect(error).toMatchObject({ code: "network_error", message: expect.stringContaining("ECONNREFUSED") });
    expect(attempts).toEqual([1, 2, 3]);
  });

  const calls: [string, (cal: CalClient) => Promise<unknown>, string][] = [
    ["a read", (cal) => cal.forUser("ada").profile(), "GET"],
    ["a create", (cal) => cal.managedUsers.create(input), "POST"],
    ["a PATCH", (cal) => cal.managedUsers.update(101, { name: "N" }), "PATCH"],
    ["a refresh", (cal) => cal.managedUsers.refreshTokens("r1"), "POST"],
  ];
  test.each(calls)("%s is sent once, when the server accepts connections again", async (_, call, method) => {
    const port = await freePort();
    let server: Awaited<ReturnType<typeof start>> | undefined;
    const cal = await clientOf(`http://127.0.0.1:${port}`, {
      hooks: afterFirstFailure(async () => (server = await start(respond, { port }))),
      retry: { limit: 5 },
    });
    await call(cal);
    expect(server!.requests.map((request) => request.method)).toEqual([method]);
  });

  test("a create is retried while connections are refused, but not after one was reset", async () => {
    const port = await freePort();
    let server: Awaited<ReturnType<typeof start>> | undefined;
    const cal = await clientOf(`http://127.0.0.1:${port}`, {
      hooks: afterFirstFailure(
        async () => (server = await start((socket) => void socket.resetAndDestroy(), { port })),
      ),
      retry: { limit: 5 },
    });
    expect(await rejection(cal.managedUsers.create(input))).toMatchObject({ code: "network_error" });
    expect(server!.requests).toHaveLength(1);
  });

  test("when the server restarts, a user's calls succeed, without a forced refresh", async () => {
    const emulator = createCalEmulator();
    const first = await emulator.listen();
    const port = Number(new URL(first.url).port);
    let isUp = true;
    const cal = new CalClient({
      managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
      baseUrl: first.url,
      tokenStore: memoryTokenStore(),
      hooks: afterFirstFailure(async () => {
        closing.push((await emulator.listen({ port })).close);
        isUp = true;
      }),
      retry: { limit: 6 },
    });
    const user = await cal.ensureUser("ada", input);
    await user.calendars.list();
    emulator.users.expireAccessTokens(emulator.users.list()[0]!.id);
    await user.profile();
    // All sockets are closed, and the next call needs new tokens from a server that is not running yet.
    emulator.users.expireAccessTokens(emulator.users.list()[0]!.id);
    await first.close();
    isUp = false;
    await Promise.all([user.profile(), user.calendars.list(), user.calendars.check("google")]);
    expect(isUp).toBe(true);
    expect(emulator.count({ path: /^\/oauth\/[^/]+\/refresh$/ })).toBe(2);
    expect(emulator.count({ path: /force-refresh$/ })).toBe(0);
  });
});

/** Replaces DNS: lookups fail with these codes, in turn, and then return the addresses. */
function lookup(codes: string[], ...addresses: string[]): void {
  const failures = [...codes];
  const results = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  vi.spyOn(dns, "lookup").mockImplementation((...args: unknown[]) => {
    const done = args.at(-1) as (error: Error | null, addresses?: unknown) => void;
    const code = failures.shift();
    const error = code && Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: "getaddrinfo" });
    setImmediate(() => (error ? done(error) : done(null, results)));
  });
}

describe("DNS", () => {
  test.each(["ENOTFOUND", "EAI_AGAIN"])("a lookup that fails with %s is a CalNetworkError", async (code) => {
    lookup([code, code]);
    const cal = await clientOf("http://cal.invalid:4009", { retry: { limit: 1 } });
    const error = await rejection(cal.forUser("ada").profile());
    expect(error).toMatchObject({ code: "network_error", message: expect.stringContaining(code) });
  });

  test("any call is retried after a failed lookup", async () => {
    const { port, requests } = await start(respond);
    const cal = await clientOf(`http://cal.invalid:${port}`);
    lookup(["EAI_AGAIN", "ENOTFOUND"], "127.0.0.1");
    await cal.managedUsers.create(input);
    expect(requests.map(({ method }) => method)).toEqual(["POST"]);
  });

  test("a lookup that never ends is ended by the time limit", async () => {
    vi.spyOn(dns, "lookup").mockImplementation(() => undefined);
    const cal = await clientOf("http://cal.invalid:4009", { timeoutMs: 50, retry: { limit: 0 } });
    expect(await rejection(cal.forUser("ada").profile())).toMatchObject({ code: "timeout" });
  });
});

const loopbacks = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses.map(({ address }) => address))
  .filter((address) => address === "127.0.0.1" || address === "::1");

test.each(loopbacks)(
  "of two addresses of a host, the one that accepts connections is used (%s)",
  async (host) => {
    const { port } = await start(respond, { host });
    lookup([], "::1", "127.0.0.1");
    const attempts: number[] = [];
    const cal = await clientOf(`http://localhost:${port}`, {
      hooks: { onRequest: ({ attempt }) => attempts.push(attempt) },
    });
    expect(await cal.forUser("ada").profile()).toMatchObject({ id: 101 });
    expect(attempts).toEqual([1]);
  },
);

describe("TLS", () => {
  test("https to a server without TLS is a CalNetworkError", async () => {
    const { url, close } = await createCalEmulator().listen();
    closing.push(close);
    const cal = await clientOf(url.replace("http:", "https:"), { retry: { limit: 0 } });
    expect(await rejection(cal.forUser("ada").profile())).toMatchObject({ code: "network_error" });
  });

  test("https to a server without a certificate is a CalNetworkError", async () => {
    const server = createTlsServer().on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const cal = await clientOf(`https://127.0.0.1:${port}`, { retry: { limit: 0 } });
    expect(await rejection(cal.forUser("ada").profile())).toMatchObject({ code: "network_error" });
  });
});

describe("keep-alive connections", () => {
  test("a connection that the server closes between two calls causes no retry", async () => {
    const attempts: number[] = [];
    const server = await start(async (socket, request) => {
      await respond(socket, request);
      socket.end();
    });
    const cal = await clientOf(server.origin, {
      hooks: { onRequest: ({ attempt }) => attempts.push(attempt) },
    });
    for (let n = 0; n < 3; n += 1) {
      // Between two calls: a request that is sent just then may fail, and is retried.
      await cal.managedUsers.create(input);
      await server.allClosed();
      await cal.forUser("ada").profile();
      await server.allClosed();
    }
    expect(attempts).toEqual(Array(6).fill(1));
  });

  test("when a reused connection is reset, a read is retried and a create is not sent twice", async () => {
    const used = new WeakSet<Socket>();
    const server = await start((socket, request) => {
      if (used.has(socket)) return void socket.resetAndDestroy();
      used.add(socket);
      return respond(socket, request);
    });
    const cal = await clientOf(server.origin);
    // The runtime decides which connection it uses, so repeat until one was reused.
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    let reads = 0;
    for (; reads < 100 && server.requests.length === reads; reads += 1) {
      expect(await cal.forUser("ada").profile()).toMatchObject({ id: 101 });
      await pause();
    }
    expect(server.requests).toHaveLength(reads + 1);

    const before = server.requests.length;
    const creates: string[] = [];
    while (creates.length < 100 && !creates.at(-1)?.includes("CalNetworkError")) {
      creates.push(await cal.managedUsers.create(input).then(() => "created", String));
      await pause();
    }
    expect(creates.at(-1)).toContain("CalNetworkError");
    expect(server.requests.slice(before)).toHaveLength(creates.length);
  });

  test("a connection carries one request at a time", async () => {
    let maxEarlyBytes = 0;
    const server = await start(async (socket, request) => {
      const before = socket.bytesRead;
      await new Promise((resolve) => setTimeout(resolve, 2));
      maxEarlyBytes = Math.max(maxEarlyBytes, socket.bytesRead - before);
      await respond(socket, request);
    });
    const cal = await clientOf(server.origin);
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 2 ? cal.managedUsers.create(input) : cal.forUser("ada").profile(),
      ),
    );
    // Bytes of a request that arrived before the response of the one before.
    expect(maxEarlyBytes).toBe(0);
  });
});

test.each([301, 302, 303, 307, 308])("a redirect (%i) to another server is not followed", async (status) => {
  const elsewhere = await start(respond);
  const location = `Location: ${elsewhere.origin}/v2/me`;
  const server = await start(
    (socket) => void socket.write(responseText("", { status: `${status} Moved`, headers: [location] })),
  );
  const cal = await clientOf(server.origin);
  expect(await rejection(cal.forUser("ada").profile())).toMatchObject({ code: "api_error", status });
  expect(await rejection(cal.managedUsers.create(input))).toMatchObject({ code: "api_error", status });
  expect(elsewhere.connections).toBe(0);
  expect(server.requests).toHaveLength(2);
});

describe.concurrent("many 429 responses", () => {
  const tooMany = responseText("", { status: "429 Too Many", headers: ["X-RateLimit-Reset-Default: 0.3"] });

  test("200 calls wait as long as their 429 asks for, and succeed", async () => {
    const seen = new Set<string>();
    const server = await start((socket, request) => {
      const isNew = !seen.has(request.target);
      seen.add(request.target);
      return isNew ? void socket.write(tooMany) : respond(socket, request);
    });
    const cal = await clientOf(server.origin);
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 200 }, (_, n) => cal.managedUsers.get(n + 1)));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(295);
    expect(server.requests).toHaveLength(400);
  });

  test("calls that always get 429 end after three attempts, without a refresh", async () => {
    const server = await start((socket) => void socket.write(tooMany));
    const cal = await clientOf(server.origin);
    const errors = await Promise.all(
      Array.from({ length: 100 }, () => rejection(cal.forUser("ada").profile())),
    );
    expect(new Set(errors.map((error) => (error as { code: string }).code))).toEqual(
      new Set(["rate_limited"]),
    );
    expect(errors[0]).toMatchObject({ retryAfterMs: 300 });
    expect(server.requests).toHaveLength(300);
    expect(server.requests.every(({ target }) => target === "/me")).toBe(true);
  });
});

test("a clock that jumps by a day during a call does not change its time limit", async () => {
  const emulator = createCalEmulator();
  const { url, close } = await emulator.listen();
  closing.push(close);
  let offset = 0;
  const store = memoryTokenStore();
  const now = () => Date.now() + offset;
  const cal = new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: url,
    tokenStore: store,
    now,
    hooks: { onRequest: () => void (offset = offset === 0 ? 86_400_000 : 0) },
  });
  const { ada: user } = await createAda({ emulator, store, cal });
  for (let n = 0; n < 6; n += 1) expect(await user.profile()).toMatchObject({ email: expect.any(String) });
  emulator.inject({ path: "/me", effect: { hang: true }, times: Infinity });
  const error = await rejection(user.profile({ timeoutMs: 50 }));
  expect(error).toMatchObject({ code: "timeout" });
  expect(emulator.count({ path: /force-refresh$/ })).toBe(0);
});
