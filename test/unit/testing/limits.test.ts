import { describe, expect, test } from "vitest";
import { createCalEmulator, type CalEmulatorOptions } from "../../../src/testing/index.js";

const HEADERS = ["Limit", "Remaining", "Reset"].map((name) => `X-RateLimit-${name}-Default`);

function setUp(rateLimits: CalEmulatorOptions["rateLimits"]) {
  const emulator = createCalEmulator({ now: () => 0, ...(rateLimits !== undefined && { rateLimits }) });
  const send = async (headers: Record<string, string> = {}, path = "/me"): Promise<[number, string]> => {
    const response = await emulator.fetch(emulator.url + path, { headers });
    return [response.status, HEADERS.map((name) => response.headers.get(name)).join(" ")];
  };
  return { emulator, send };
}

describe("rate limits", () => {
  test("headers are always sent, and limits enforced only if enabled", async () => {
    const { send } = setUp(undefined);
    expect(await send()).toEqual([401, "120 119 60"]);
    for (let i = 0; i < 130; i++) await send();
    expect(await send()).toEqual([401, "120 0 60"]);
  });

  test("a block lasts as long as the window, from the first request over the limit", async () => {
    const { emulator, send } = setUp({ ip: 2 });
    expect(await send()).toEqual([401, "2 1 60"]);
    emulator.clock.advance(30_000);
    expect(await send()).toEqual([401, "2 0 30"]);
    expect(await send()).toEqual([429, "2 0 60"]);
    emulator.clock.advance(59_001);
    expect(await send()).toEqual([429, "2 0 1"]);
    emulator.clock.advance(999);
    expect(await send()).toEqual([401, "2 1 60"]);
  });

  test("each bearer token, client and IP address has its own limit", async () => {
    const { emulator, send } = setUp({ bearer: 1, client: 1, ip: 1 });
    const everyone: Record<string, string>[] = [
      {},
      { "cf-connecting-ip": "203.0.113.9" },
      { Authorization: "Bearer a" },
      { Authorization: "Bearer b", "x-cal-client-id": "test-client" },
      { "x-cal-client-id": "test-client" },
      { "x-cal-client-id": "other" },
    ];
    for (const headers of everyone) expect((await send(headers))[0]).toBe(401);
    for (const headers of everyone) expect((await send(headers))[0]).toBe(429);
    emulator.flushCache();
    for (const headers of everyone) expect((await send(headers))[0]).toBe(401);
  });

  test("requests without a route don't count", async () => {
    const { send } = setUp({ ip: 1 });
    for (let i = 0; i < 3; i++) expect(await send({}, "/nope")).toEqual([404, "  "]);
    expect((await send())[0]).toBe(401);
  });

  test("the public save endpoint is limited too, and sends no Retry-After", async () => {
    const { emulator, send } = setUp({ ip: 1 });
    await send();
    const response = await emulator.fetch(`${emulator.url}/calendars/google/save?state={}`, {
      redirect: "manual",
    });
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, null]);
  });
});
