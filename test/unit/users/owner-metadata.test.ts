import { expect, test } from "vitest";
import { CalValidationError } from "../../../src/index.js";
import {
  assertRoomForOwnerHash,
  keepingOwnerHash,
  ownerHashOf,
  ownershipOf,
  withOwnerHash,
  withoutOwnerHash,
} from "../../../src/users/owner-metadata.js";

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, n]));

test("the owner hash is a SHA-256, so that Cal.com does not learn the application's user id", async () => {
  // printf ada | sha256sum
  const hash = "fdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029";
  expect(await ownerHashOf("ada")).toMatch(/^[0-9a-f]{64}$/);
  expect(await ownerHashOf("ada")).toBe(hash);
  expect(JSON.stringify(await withOwnerHash({ plan: "pro" }, "ada"))).toBe(
    JSON.stringify({ plan: "pro", calbridgeUser: hash }),
  );
});

test("a managed user is its owner's, another user's, or says nothing", async () => {
  const metadata = await withOwnerHash(undefined, "ada");
  expect(await ownershipOf({ metadata }, "ada")).toBe("own");
  expect(await ownershipOf({ metadata }, "grace")).toBe("other");
  for (const none of [undefined, {}, { plan: "pro" }]) {
    expect(await ownershipOf({ metadata: none } as never, "ada")).toBe("unowned");
  }
});

test("a value that is not a hash belongs to another user: it does not free the managed user", async () => {
  for (const value of ["", 5, null, true]) {
    expect(await ownershipOf({ metadata: { calbridgeUser: value } }, "ada")).toBe("other");
  }
});

test("an update keeps the hash of the managed user, and ignores one that came with the update", async () => {
  const current = { metadata: await withOwnerHash({ plan: "free" }, "ada") };
  const foreign = await withOwnerHash({ plan: "pro" }, "grace");
  expect(keepingOwnerHash(foreign, current)).toEqual(await withOwnerHash({ plan: "pro" }, "ada"));
  expect(keepingOwnerHash(foreign, { metadata: {} })).toEqual({ plan: "pro" });
  expect(withoutOwnerHash(foreign)).toEqual({ plan: "pro" });
});

test("metadata may have 49 keys, since Cal.com accepts 50; a hash that is there already does not count", async () => {
  expect(() => assertRoomForOwnerHash(keys(49))).not.toThrow();
  expect(() => assertRoomForOwnerHash(keys(50))).toThrow(CalValidationError);
  const owned = await withOwnerHash(keys(49), "ada");
  expect(() => assertRoomForOwnerHash(owned)).not.toThrow();
  for (const none of [null, undefined]) expect(() => assertRoomForOwnerHash(none)).not.toThrow();
});
