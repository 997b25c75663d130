import { expect, test } from "vitest";
import type { TokenRecord } from "../../../src/index.js";
import { TokenCache } from "../../../src/tokens/token-cache.js";
import { tokensOf } from "../../support/client.js";

const at = new Date("2027-01-04T09:00:00Z");
const recordOf = (userId: string, version = 1): TokenRecord => ({
  ...tokensOf(userId),
  version,
  createdAt: at,
  updatedAt: at,
});

function cacheOf(maxUsers: number, ...userIds: string[]): TokenCache {
  const cache = new TokenCache(maxUsers);
  for (const userId of userIds) cache.set(recordOf(userId));
  return cache;
}

test("the cache returns the last record of a user", () => {
  const cache = cacheOf(2, "ada");
  cache.set(recordOf("ada", 2));
  expect(cache.get("ada")).toMatchObject({ userId: "ada", version: 2 });
  expect(cache.get("grace")).toBeUndefined();
});

test("a full cache removes the least recently written user", () => {
  const cache = cacheOf(2, "ada", "grace", "alan");
  expect(cache.get("ada")).toBeUndefined();
  expect(cache.get("grace")).toBeDefined();
  expect(cache.get("alan")).toBeDefined();
});

test("reading a record makes it the most recently used", () => {
  const cache = cacheOf(2, "ada", "grace");
  cache.get("ada");
  cache.set(recordOf("alan"));
  expect(cache.get("ada")).toBeDefined();
  expect(cache.get("grace")).toBeUndefined();
});

test("writing the record of a cached user again removes no other user", () => {
  const cache = cacheOf(2, "ada", "grace");
  cache.set(recordOf("grace", 2));
  cache.set(recordOf("grace", 3));
  expect(cache.get("ada")).toBeDefined();
});

test("a deleted record is gone, and its place is free", () => {
  const cache = cacheOf(2, "ada", "grace");
  cache.delete("grace");
  cache.set(recordOf("alan"));
  expect(cache.get("grace")).toBeUndefined();
  expect(cache.get("ada")).toBeDefined();
});

test("a cache for 0 users stores nothing", () => {
  expect(cacheOf(0, "ada").get("ada")).toBeUndefined();
});
