import { fork } from "node:child_process";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import { redisTokenStore, type RedisClient } from "../../../src/stores/redis/redis-token-store.js";
import { tokenStoreContract, tokenStoreProcessContract } from "../../../src/testing/index.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { bundle } from "../../support/bundle.js";
import { rejection } from "../../support/client.js";
import { expectNoSecret } from "../../support/leaks.js";
import { hasRedis, startRedis } from "../../support/redis-server.js";
import { requireServer } from "../../support/require-server.js";
import { testKeys, tokens } from "../../support/token-stores.js";

// On a real Redis, where there is a redis-server to start.
requireServer("redis-server", hasRedis);

describe.runIf(hasRedis)("a real Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let ioredis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  let program: string;
  beforeAll(async () => {
    server = await startRedis();
    ioredis = new Redis(server.url);
    nodeRedis = createClient({ url: server.url });
    await nodeRedis.connect();
    program = await bundle("store-process");
  });
  afterAll(async () => {
    ioredis.disconnect();
    nodeRedis.destroy();
    await server.stop();
  });

  const clients: Record<string, () => RedisClient> = {
    ioredis: () => ioredis,
    "node-redis": () => nodeRedis,
  };

  describe.each(Object.entries(clients))("%s", (kind, client) => {
    for (const { name, run } of tokenStoreContract(() => redisTokenStore({ client: client() }))) {
      test(name, run);
    }
    const processes = tokenStoreProcessContract({
      makeStore: () => redisTokenStore({ client: client() }),
      start: () => fork(program, [kind, server.url], { execArgv: [] }),
      processes: 3,
    });
    for (const { name, run } of processes) test(name, run);
  });

  describe("encrypted, under another prefix", () => {
    const cases = tokenStoreContract(() =>
      encryptedTokenStore(redisTokenStore({ client: nodeRedis, prefix: "my app" }), { keys: testKeys }),
    );
    for (const { name, run } of cases) test(name, run);
  });

  test("a prefix keeps stores apart", async () => {
    const [one, other] = ["one", "other"].map((prefix) => redisTokenStore({ client: ioredis, prefix }));
    const written = await one!.set(tokens("ada"), { ifVersion: null });
    expect(await other!.get("ada")).toBe(null);
    expect(await other!.set(tokens("bob", { calUserId: written!.calUserId }), { ifVersion: null })).not.toBe(
      null,
    );
    expect(await one!.list({ limit: 10 })).toEqual(["ada"]);
    expect(await one!.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    expect(await other!.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(true);
  });

  test("moving a record on a server whose clock is behind: updatedAt does not go back", async () => {
    const store = redisTokenStore({ client: ioredis, prefix: "clocks" });
    const written = await store.set(tokens("ada"), { ifVersion: null });
    const { calUserId } = written!;
    vi.useFakeTimers({ now: written!.updatedAt.getTime() - 60_000, toFake: ["Date"] });
    try {
      const options = { from: "ada", ifVersion: written!.version };
      const moved = await store.reassign(tokens("bob", { calUserId }), options);
      expect(moved?.updatedAt).toEqual(written!.updatedAt);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a Redis that is full, a replica, and foreign keys: says what to do, without the tokens", async () => {
    const secret = { calAccessToken: "s3cret-access", calRefreshToken: "s3cret-refresh", details: "s3cret" };
    const store = redisTokenStore({ client: ioredis, prefix: "errors" });
    await ioredis.set("{errors}:tokens:bob", "text");
    const foreign = await rejection(store.get("bob"));
    expect((foreign as Error).message).toContain("choose another prefix");
    await ioredis.config("SET", "maxmemory", "1");
    const full = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    await ioredis.config("SET", "maxmemory", "0");
    expect((full as Error).message).toContain("noeviction");
    await ioredis.replicaof("127.0.0.1", 1);
    const replica = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    await ioredis.replicaof("NO", "ONE");
    expect((replica as Error).message).toContain("connect to the primary");
    for (const error of [foreign, full, replica]) {
      expect(error).toBeInstanceOf(CalStoreError);
      expectNoSecret(error, ["s3cret"]);
    }
  });
});

describe.runIf(hasRedis)("a Redis cluster", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let cluster: Cluster;
  let nodeRedis: ReturnType<typeof createCluster>;
  beforeAll(async () => {
    server = await startRedis({ cluster: true });
    cluster = new Cluster([server.url]);
    nodeRedis = createCluster({ rootNodes: [{ url: server.url }] });
    await nodeRedis.connect();
  });
  afterAll(async () => {
    cluster.disconnect();
    nodeRedis.destroy();
    await server.stop();
  });

  test("refuses a script whose keys are in several slots", async () => {
    await expect(cluster.eval("return 1", 2, "a", "b")).rejects.toThrow("slot");
  });

  const clients: Record<string, () => RedisClient> = {
    ioredis: () => cluster,
    "node-redis": () => nodeRedis,
  };
  describe.each(Object.entries(clients))("%s", (_, client) => {
    for (const { name, run } of tokenStoreContract(() => redisTokenStore({ client: client() }))) {
      test(name, run);
    }
  });
});

/** A client of which every script returns this. */
function fake(result: unknown): RedisClient {
  return { eval: () => Promise.resolve(result), defineCommand: () => undefined };
}

test.each([undefined, "redis://127.0.0.1", {}, { eval: () => undefined }])("%o is no client", (client) => {
  expect(() => redisTokenStore({ client: client as unknown as RedisClient })).toThrow(CalValidationError);
});

test.each(["", "{cal}", "a}"])("the prefix %j is refused", (prefix) => {
  expect(() => redisTokenStore({ client: fake(null), prefix })).toThrow(CalValidationError);
});

test("a client that returns something else is an error without the tokens", async () => {
  for (const result of [null, "s3cret", [1], ["s3cret"], ['{"userId":"bob","calAccessToken":"s3cret"}']]) {
    const error = await rejection(redisTokenStore({ client: fake(result) }).get("ada"));
    expect(error).toBeInstanceOf(CalStoreError);
    expectNoSecret(error, ["s3cret"]);
  }
});
