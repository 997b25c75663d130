import { memoryTokenStore } from "../../../../src/stores/memory.js";
import type { TokenStore } from "../../../../src/tokens/token-store.js";

/** A store with one fault, the rule it breaks, and how it comes to break it. */
export interface BrokenStore {
  fault: string;
  /** The name of the case that must say so. */
  rule: string;
  make: (now: () => number) => TokenStore;
}

/** A memory store with some of its methods made worse. */
export function worse(change: (good: Required<TokenStore>, now: () => number) => Partial<TokenStore>) {
  return (now: () => number): TokenStore => {
    const good = memoryTokenStore({ now }) as Required<TokenStore>;
    return { ...good, ...change(good, now) };
  };
}

/** Lets whatever else is under way go on. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
