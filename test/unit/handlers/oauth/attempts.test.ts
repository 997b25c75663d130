import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { memoryTokenStore } from "../../../../src/index.js";
import { createAttempts, type Attempts } from "../../../../src/handlers/oauth/attempts.js";
import { createEncryptedJson } from "../../../../src/handlers/oauth/encrypted-json.js";
import type { Attempt } from "../../../../src/handlers/oauth/oauth-state.js";
import { createSharedRecords } from "../../../../src/handlers/oauth/shared-records.js";
import { turnUntil, useFakeTimers } from "../../../support/client.js";

const found = { credentialIds: [1], invalidIds: [], revokedIds: [] };
const attempt: Attempt = {
  id: "a",
  userId: "ada",
  provider: "google",
  calUserId: 101,
  nonceHash: "hash",
  startedAt: 0,
};

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<string>(() => undefined);
const soon = (outcome: string) => () =>
  new Promise<string>((resolve) => setTimeout(() => resolve(outcome), 1_000));

/** Two servers over one store, and the store. */
function twoServers() {
  const store = memoryTokenStore();
  const { putAttempt: put, getAttempt: get, takeAttempt: take, acquireLease, releaseLease } = store;
  const attempts = { put, get, take, acquireLease, releaseLease };
  const encryptedJson = createEncryptedJson("a-secret-of-the-tests-that-is-long-enough", [
    "https://app.example",
  ]);
  const server = (): Attempts =>
    createAttempts(createSharedRecords(attempts, { encryptedJson, now: Date.now }), Date.now);
  return { one: server(), other: server(), store };
}

describe.each(["with a store that keeps attempts", "without"])("%s", (which) => {
  async function started(): Promise<{ attempts: Attempts; attempt: Attempt }> {
    const { one } = twoServers();
    const attempts = which === "without" ? createAttempts(null, Date.now) : one;
    await attempts.start(attempt, found, null);
    return { attempts, attempt: which === "without" ? { ...attempt, found } : attempt };
  }

  test("a callback that is loaded again while it is being completed gets the same outcome, and later none", async () => {
    const { attempts, attempt } = await started();
    const both = [
      attempts.completeOnce(attempt, soon("first")),
      attempts.completeOnce(attempt, soon("second")),
    ];
    expect(await turnUntil(Promise.all(both))).toEqual(["first", "first"]);
    expect(await turnUntil(attempts.completeOnce(attempt, soon("third")))).toBeNull();
  });

  test("a callback that failed can be loaded again", async () => {
    const { attempts, attempt } = await started();
    const failed = attempts.completeOnce(attempt, () => Promise.reject(new Error("Cal.com is down")));
    await expect(turnUntil(failed)).rejects.toThrow("Cal.com is down");
    expect(await turnUntil(attempts.completeOnce(attempt, soon("second")))).toBe("second");
  });
});

describe("several servers", () => {
  test("complete an attempt once, and know on each of them what it found and left", async () => {
    const { one, other } = twoServers();
    await one.start(attempt, found, null);
    const kept = (await other.find("a"))!;
    expect(kept).toMatchObject({ userId: "ada", found, leftIds: null });
    const both = await turnUntil(
      Promise.all([one, other].map((server) => server.completeOnce(attempt, soon("done")))),
    );
    expect(both.filter((outcome) => outcome === "done")).toHaveLength(1);
    await other.markCompleted("a", kept, [1, 2]);
    expect(await one.find("a")).toMatchObject({ leftIds: [1, 2] });
    expect(await turnUntil(one.completeOnce(attempt, soon("again")))).toBeNull();
  });

  test("many at once complete an attempt once", async () => {
    const { one, other } = twoServers();
    await one.start(attempt, found, null);
    let runs = 0;
    const run = async () => {
      runs += 1;
      return soon("done")();
    };
    const all = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? one : other).completeOnce(attempt, run),
    );
    await turnUntil(Promise.all(all));
    expect(runs).toBe(1);
  });

  test("a server that was stopped in the middle holds the attempt for a minute", async () => {
    const { one, other } = twoServers();
    await one.start(attempt, found, null);
    void one.completeOnce(attempt, never);
    await turnUntil(new Promise((resolve) => setTimeout(resolve, 30_000)));
    expect(await turnUntil(other.completeOnce(attempt, soon("too early")))).toBeNull();
    await turnUntil(new Promise((resolve) => setTimeout(resolve, 31_000)), 1_000);
    expect(await turnUntil(other.completeOnce(attempt, soon("second")))).toBe("second");
  });

  test("an attempt is kept until ten minutes after the end of the token in its link", async () => {
    const { one, other } = twoServers();
    await one.start(attempt, found, new Date(Date.now() + 20 * 60_000));
    vi.setSystemTime(Date.now() + 30 * 60_000 - 1);
    expect(await other.find("a")).not.toBeNull();
    vi.setSystemTime(Date.now() + 1);
    expect(await other.find("a")).toBeNull();
    expect(await turnUntil(other.completeOnce(attempt, soon("late")))).toBeNull();
  });
});

describe("who can write to the table, and has no key,", () => {
  test("can't make a record, move one, or make one last longer", async () => {
    const { one, other, store } = twoServers();
    await one.start(attempt, found, null);
    const data = (await store.getAttempt("attempt:a"))!;
    expect(data).not.toContain("ada");

    await store.putAttempt("attempt:b", { data, ttlMs: 1e9 });
    expect(await other.find("b"), "moved").toBeNull();
    await store.putAttempt("attempt:c", {
      data: JSON.stringify({ key: "attempt:c", value: {} }),
      ttlMs: 1e9,
    });
    expect(await other.find("c"), "made up").toBeNull();
    await store.putAttempt("attempt:a", { data, ttlMs: 1e9 });
    vi.setSystemTime(Date.now() + 71 * 60_000);
    expect(await other.find("a"), "put back").toBeNull();
  });
});
