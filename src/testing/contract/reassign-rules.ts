import type { TokenStore } from "../../tokens/token-store.js";
import {
  ensure,
  ensureHolds,
  ensureInUse,
  ensureSame,
  together,
  tokensOf,
  write,
  type CaseContext,
  type Rule,
} from "./assertions.js";

type ReassigningStore = TokenStore & Required<Pick<TokenStore, "reassign">>;

interface ReassignContext extends CaseContext {
  store: ReassigningStore;
  ada: string;
  bob: string;
}

/** A rule that holds for stores which can give a record to another user. */
function rule(name: string, check: (context: ReassignContext) => Promise<void>): Rule {
  return {
    name: `reassign, if the store has it: ${name}`,
    async check(context) {
      const { store, userId } = context;
      if (!store.reassign) return;
      const names = { ada: userId("ada"), bob: userId("bob") };
      await check({ ...context, store: store as ReassigningStore, ...names });
    },
  };
}

/** How a store gives a record to another user. */
export const reassignRules: readonly Rule[] = [
  rule("the record is the new user's, and no longer the former user's", async ({ store, ada, bob }) => {
    const before = await write(store, tokensOf(ada, "1"));
    const record = tokensOf(bob, "2", { calUserId: before.calUserId });
    const moved = await store.reassign(record, { from: ada, ifVersion: before.version });
    ensureHolds(moved, record, "reassign");
    ensure(moved !== null && moved.version !== before.version, "reassign left the version as it was");
    ensure(moved.createdAt.getTime() === before.createdAt.getTime(), "reassign changed createdAt");
    ensureSame(await store.get(bob), moved, "get of the new user");
    ensure((await store.get(ada)) === null, "the former user still has a record");
    ensure(!(await store.delete(ada)), "delete of the former user returned true");
    const late = await store.set(tokensOf(ada, "3"), { ifVersion: before.version });
    ensure(late === null, "a write for the former user was accepted with the version of before");
    ensureHolds(
      await write(store, tokensOf(ada, "4", { calUserId: before.calUserId + 1 })),
      {
        ...tokensOf(ada, "4"),
        calUserId: before.calUserId + 1,
      },
      "set for the former user",
    );
    ensureSame(await store.get(bob), moved, "get of the new user, after a write for the former one,");
  }),
  rule("returns null if the former user has no record of that version", async ({ store, ada, bob }) => {
    const missing = await store.reassign(tokensOf(bob), { from: ada, ifVersion: 1 });
    ensure(missing === null, "reassign returned a record, though the former user had none");
    const before = await write(store, tokensOf(ada));
    for (const ifVersion of [before.version - 1, before.version + 1, 0]) {
      const result = await store.reassign(tokensOf(bob), { from: ada, ifVersion });
      ensure(result === null, "reassign returned a record, though ifVersion was not the stored version");
    }
    ensureSame(await store.get(ada), before, "get, after a reassign whose condition failed,");
    ensure((await store.get(bob)) === null, "a reassign whose condition failed made a record");
  }),
  rule("returns null if the new user has a record", async ({ store, ada, bob }) => {
    const [adas, bobs] = [await write(store, tokensOf(ada)), await write(store, tokensOf(bob, "2"))];
    const record = tokensOf(bob, "3", { calUserId: adas.calUserId });
    const result = await store.reassign(record, { from: ada, ifVersion: adas.version });
    ensure(result === null, "reassign returned a record, though the new user had one");
    ensureSame(await store.get(ada), adas, "get, after a reassign whose condition failed,");
    ensureSame(await store.get(bob), bobs, "get of the new user, after a reassign whose condition failed,");
  }),
  rule("rejects with CalUserInUseError if a third user has the Cal.com user", async (context) => {
    const { store, ada, bob, userId } = context;
    const adas = await write(store, tokensOf(ada));
    const { calUserId } = await write(store, tokensOf(userId("cy")));
    const record = tokensOf(bob, "2", { calUserId });
    await ensureInUse(store.reassign(record, { from: ada, ifVersion: adas.version }), "reassign");
    ensureSame(await store.get(ada), adas, "get, after a rejected reassign,");
    ensure((await store.get(bob)) === null, "a rejected reassign made a record");
  }),
  rule("of several at once exactly one succeeds", async ({ store, ada, userId }) => {
    for (let round = 0; round < 3; round += 1) {
      const { version, calUserId } = await write(store, tokensOf(ada));
      const ids = Array.from({ length: 12 }, (_, n) => userId(`${round}-${n}`));
      const moved = await together(ids.length, (n) =>
        store.reassign(tokensOf(ids[n] ?? "", "2", { calUserId }), { from: ada, ifVersion: version }),
      );
      const count = moved.filter((record) => record !== null).length;
      ensure(count === 1, `${count} of 12 reassigns at once returned a record`);
      ensure((await store.get(ada)) === null, "the former user still has a record");
      const removed = await together(ids.length, (n) => store.delete(ids[n] ?? ""));
      ensure(removed.filter(Boolean).length === 1, "several users got one record");
    }
  }),
];
