import type { TokenStore } from "../../tokens/token-store.js";
import { ensure, ensureHolds, together, tokensOf, write, type CaseContext, type Rule } from "./assertions.js";

/** Longer than any case takes. */
export const LONG = 60_000;
/** Short enough to wait for, where the store's clock can't be changed. */
export const SHORT = 60;
/** Enough more that {@link SHORT} has certainly passed. */
export const MARGIN = 40;

/** A store whose leases can be acquired and released. */
export type LeasingStore = Required<Pick<TokenStore, "acquireLease" | "releaseLease">> & TokenStore;

/** The store with its leases; fails the case if it has none. */
export function leasing(store: TokenStore): LeasingStore {
  ensure(
    "acquireLease" in store && "releaseLease" in store,
    "the store lacks acquireLease or releaseLease. If it is never shared between processes, pass { lease: false }",
  );
  return store as LeasingStore;
}

type LeaseCheck = (
  lease: (owner: string, ttlMs?: number) => Promise<boolean>,
  at: LeaseContext,
) => Promise<void>;

interface LeaseContext extends CaseContext {
  store: LeasingStore;
  ada: string;
}

/** A rule about the lease of one user who has a record. */
function rule(name: string, check: LeaseCheck): Rule {
  return {
    name: `lease: ${name}`,
    async check(context) {
      const store = leasing(context.store);
      const ada = context.userId("ada");
      await write(store, tokensOf(ada));
      await check((owner, ttlMs = LONG) => store.acquireLease(ada, { owner, ttlMs }), {
        ...context,
        store,
        ada,
      });
    },
  };
}

/** Who may refresh. */
export const leaseRules: readonly Rule[] = [
  rule("while one owner holds it, others are refused", async (lease) => {
    ensure(await lease("a"), "a free lease was refused");
    ensure(!(await lease("b")), "a lease was given to a second owner while the first held it");
    ensure(!(await lease("A")), "an owner was mistaken for another one");
  }),
  rule("of several owners at once exactly one gets it", async (lease, { store, ada }) => {
    for (let round = 0; round < 5; round += 1) {
      const got = await together(12, (n) => lease(`owner-${n}`));
      const holders = got.flatMap((has, n) => (has ? [`owner-${n}`] : []));
      ensure(holders.length === 1, `${holders.length} of 12 owners got the lease at once`);
      for (const owner of holders) await store.releaseLease(ada, { owner });
    }
  }),
  rule("it expires", async (lease, { advance }) => {
    ensure(await lease("a", SHORT), "a free lease was refused");
    await advance(SHORT + MARGIN);
    ensure(await lease("b"), "a lease was still held after it had expired");
  }),
  rule("its owner renews it, and it then lasts from the renewal", async (lease, { advance }) => {
    ensure(await lease("a", SHORT), "a free lease was refused");
    ensure(await lease("a", LONG), "a lease was not renewed for its own owner");
    await advance(SHORT + MARGIN);
    ensure(!(await lease("b")), "a renewed lease expired when it would have expired without the renewal");
  }),
  rule("another owner's release does nothing", async (lease, { store, ada }) => {
    await store.releaseLease(ada, { owner: "unknown" });
    ensure(await lease("a"), "a free lease was refused");
    await store.releaseLease(ada, { owner: "b" });
    ensure(!(await lease("b")), "a lease was released by an owner who didn't hold it");
  }),
  rule("released, it is free at once", async (lease, { store, ada }) => {
    ensure(await lease("a"), "a free lease was refused");
    await store.releaseLease(ada, { owner: "a" });
    ensure(await lease("b"), "a lease was still held after it was released");
  }),
  rule(
    "an owner whose lease has expired neither has it nor releases it",
    async (lease, { store, ada, advance }) => {
      ensure(await lease("a", SHORT), "a free lease was refused");
      await advance(SHORT + MARGIN);
      ensure(await lease("b"), "a lease was still held after it had expired");
      ensure(!(await lease("a")), "an owner whose lease had expired got it back from its new holder");
      await store.releaseLease(ada, { owner: "a" });
      ensure(!(await lease("c")), "an owner whose lease had expired released that of its new holder");
    },
  ),
  rule("each user has one of their own", async (lease, { store, userId }) => {
    await write(store, tokensOf(userId("bob")));
    ensure(await lease("a"), "a free lease was refused");
    const bobs = await store.acquireLease(userId("bob"), { owner: "b", ttlMs: LONG });
    ensure(bobs, "a user's lease was refused because of another user's");
    await store.releaseLease(userId("bob"), { owner: "b" });
    ensure(!(await lease("c")), "a user's lease was released with another user's");
  }),
  rule("it changes neither the tokens nor their version", async (lease, { store, ada }) => {
    const before = await store.get(ada);
    ensure(before !== null, "get returned null instead of the record");
    // updatedAt may change: many tables have it follow every update of the row.
    await lease("a");
    const leased = await store.get(ada);
    ensureHolds(leased, before, "get, under a lease,");
    ensure(leased?.version === before.version, "acquiring the lease changed the version");
    await store.releaseLease(ada, { owner: "a" });
    const released = await store.get(ada);
    ensureHolds(released, before, "get, after the release,");
    ensure(released?.version === before.version, "releasing the lease changed the version");
  }),
  rule("a write neither needs it nor releases it", async (lease, { store, ada }) => {
    ensure(await lease("a"), "a free lease was refused");
    await write(store, tokensOf(ada, "2"));
    ensure(!(await lease("b")), "a write released the lease");
  }),
  rule("it needs no record", async (lease, { store, ada }) => {
    await store.delete(ada);
    ensure(await lease("a"), "a lease was refused because there is no record");
    ensure(!(await lease("b")), "two owners hold a lease for which there is no record");
    await write(store, tokensOf(ada, "2"));
    ensure(!(await lease("b")), "the first write of a record released the lease");
  }),
  rule("deleting the record doesn't release it", async (lease, { store, ada }) => {
    ensure(await lease("a"), "a free lease was refused");
    await store.delete(ada);
    ensure(!(await lease("b")), "deleting the record released the lease");
    await store.releaseLease(ada, { owner: "a" });
    ensure(await lease("b"), "a lease was still held after it was released");
  }),
];
