import { createHash } from "node:crypto";

const keyOf = (text: string): Uint8Array => new Uint8Array(createHash("sha256").update(text).digest());

/** Keys for tests: `k2` seals, `k1` is the older one. */
export const testKeys = { k2: keyOf("2"), k1: keyOf("1") };
