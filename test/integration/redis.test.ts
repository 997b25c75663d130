import { fork } from "node:child_process";
import { Redis } from "ioredis";
import RedisMock from "ioredis-mock";
import { afterAll, beforeAll, describe, test } from "vitest";
import { redisTokenStore } from "../../examples/redis/redis-token-store.js";
import { tokenStoreContract, tokenStoreProcessContract } from "../../src/testing/index.js";
import { bundle } from "../support/bundle.js";
import { hasRedis, startRedis } from "../support/redis-server.js";

// The worked example of docs/write-your-own-store.md, on a Redis in this process, and on a real one where
// there is a redis-server to start.

describe("Redis in this process", () => {
  const redis = new RedisMock();
  const cases = tokenStoreContract(() => redisTokenStore(redis));
  for (const { name, run } of cases) test(name, run);
});

const missing =
  "redis-server is not installed: these tests ran against Redis in this process only. " +
  "Debian: apt-get install redis-server. macOS: brew install redis.";

if (!hasRedis) {
  test("a real Redis", ({ skip }) => {
    // A run that decides about a change must not leave anything out.
    if (process.env["CI"]) throw new Error(missing);
    console.warn(missing);
    skip(missing);
  });
}

describe.runIf(hasRedis)("a real Redis", () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let redis: Redis;
  let file: string;
  beforeAll(async () => {
    file = await bundle("redis-process");
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  for (const { name, run } of tokenStoreContract(() => redisTokenStore(redis))) test(name, run);

  const processes = tokenStoreProcessContract({
    makeStore: () => redisTokenStore(redis),
    start: () => fork(file, [server.url], { execArgv: [] }),
    processes: 2,
  });
  for (const { name, run } of processes) test(name, run);
});
