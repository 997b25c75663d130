import type { TokenStore } from "../../tokens/token-store.js";
import { ensure, show, together, tokensOf, write, type CaseContext, type Rule } from "./assertions.js";
import { LONG, MARGIN, SHORT } from "./lease-rules.js";

type AttemptStore = TokenStore & Required<Pick<TokenStore, "putAttempt" | "getAttempt" | "takeAttempt">>;

interface AttemptContext extends CaseContext {
  store: AttemptStore;
  /** An id of an attempt that no other case and no other run uses. */
  id: string;
}

/** A rule that holds for stores which keep attempts. */
function rule(name: string, check: (context: AttemptContext) => Promise<void>): Rule {
  return {
    name: `attempts, if the store keeps them: ${name}`,
    async check(context) {
      const methods = ["putAttempt", "getAttempt", "takeAttempt"] as const;
      const missing = methods.filter((method) => !context.store[method]);
      if (missing.length === methods.length) return;
      ensure(missing.length === 0, `the store lacks ${missing.join(" and ")}: a store has all three or none`);
      await check({ ...context, store: context.store as AttemptStore, id: context.userId("attempt") });
    },
  };
}

/** 8 kB, in letters of one byte and of more. */
const texts = ["", '{"a":1}', "x".repeat(8192), "\u00e4\u65e5\u{1f600}".repeat(910), ` '"\\\n$1 `];

/** How a store keeps the attempts to connect a calendar. */
export const attemptRules: readonly Rule[] = [
  rule("texts of up to 8 kB come back unchanged, and stay", async ({ store, id }) => {
    for (const [n, data] of texts.entries()) {
      await store.putAttempt(`${id}-${n}`, { data, ttlMs: LONG });
      for (let reads = 0; reads < 2; reads += 1) {
        const read = await store.getAttempt(`${id}-${n}`);
        ensure(read === data, `getAttempt returned ${show(read)} instead of ${show(data)}`);
      }
    }
  }),
  rule("there is none under an id that was never put", async ({ store, id }) => {
    const [read, taken] = [await store.getAttempt(id), await store.takeAttempt(id)];
    ensure(read === null, `getAttempt returned ${show(read)} instead of null`);
    ensure(taken === null, `takeAttempt returned ${show(taken)} instead of null`);
  }),
  rule("put replaces what is there, with its time to live", async ({ store, id, advance }) => {
    await store.putAttempt(id, { data: "first", ttlMs: SHORT });
    await store.putAttempt(id, { data: "second", ttlMs: LONG });
    await advance(SHORT + MARGIN);
    const read = await store.getAttempt(id);
    ensure(read === "second", `getAttempt returned ${show(read)} instead of "second", which was put last`);
    await store.putAttempt(id, { data: "third", ttlMs: SHORT });
    await advance(SHORT + MARGIN);
    ensure((await store.getAttempt(id)) === null, "a replaced attempt kept the earlier time to live");
  }),
  rule("they expire", async ({ store, id, advance }) => {
    await store.putAttempt(`${id}-1`, { data: "read", ttlMs: SHORT });
    await store.putAttempt(`${id}-2`, { data: "taken", ttlMs: SHORT });
    await advance(SHORT + MARGIN);
    ensure((await store.getAttempt(`${id}-1`)) === null, "getAttempt returned an expired attempt");
    ensure((await store.takeAttempt(`${id}-2`)) === null, "takeAttempt returned an expired attempt");
  }),
  rule("take returns it and removes it", async ({ store, id }) => {
    await store.putAttempt(id, { data: "1", ttlMs: LONG });
    await store.putAttempt(`${id}-other`, { data: "2", ttlMs: LONG });
    const taken = await store.takeAttempt(id);
    ensure(taken === "1", `takeAttempt returned ${show(taken)} instead of "1"`);
    ensure((await store.getAttempt(id)) === null, "getAttempt returned an attempt that had been taken");
    ensure((await store.takeAttempt(id)) === null, "takeAttempt returned an attempt for the second time");
    ensure((await store.getAttempt(`${id}-other`)) === "2", "takeAttempt removed another attempt");
  }),
  rule("of several takes at once exactly one returns it", async ({ store, id }) => {
    for (let round = 0; round < 5; round += 1) {
      await store.putAttempt(id, { data: `${round}`, ttlMs: LONG });
      const taken = await together(12, () => store.takeAttempt(id));
      const count = taken.filter((data) => data === `${round}`).length;
      ensure(count === 1, `${count} of 12 takes at once returned the attempt`);
      ensure(taken.filter((data) => data === null).length === 11, "a take returned another attempt");
    }
  }),
  rule("ids that look alike are different, and no user's", async ({ store, id }) => {
    const ids = [id, id.toUpperCase(), ` ${id}`, `${id} `, `${id}%`, `${id}/../${id}`];
    await write(store, tokensOf(id));
    for (const each of ids) await store.putAttempt(each, { data: each, ttlMs: LONG });
    for (const each of ids) {
      const read = await store.getAttempt(each);
      ensure(read === each, `getAttempt(${show(each)}) returned ${show(read)}`);
    }
    if (store.acquireLease) {
      const isFree = await store.acquireLease(id, { owner: "a", ttlMs: LONG });
      ensure(isFree, "an attempt was taken for the lease of a user with the same id");
    }
    await store.delete(id);
    ensure((await store.getAttempt(id)) === id, "an attempt was removed with the user of the same id");
  }),
];
