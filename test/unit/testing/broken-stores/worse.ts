import { memoryTokenStore } from "../../../../src/stores/memory.js";
import type { TokenStore } from "../../../../src/tokens/token-store.js";

/** A store with one fault, and the rule that it breaks. */
export interface BrokenStore {
  fault: string;
  /** The name of the case that must fail. */
  rule: string;
  make: (now: () => number) => TokenStore;
}

/** A memory store with some methods replaced. */
export function worse(change: (good: Required<TokenStore>, now: () => number) => Partial<TokenStore>) {
  return (now: () => number): TokenStore => {
    const good = memoryTokenStore({ now });
    return { ...good, ...change(good, now) };
  };
}

/** Lets other work in this process continue. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
