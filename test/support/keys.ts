/** Keys for tests: `k2` seals, `k1` is the older one. */
export const testKeys = { k2: new Uint8Array(32).fill(2), k1: new Uint8Array(32).fill(1) };
