import type { TokenStore } from "../../tokens/token-store.js";
import { ensure, ensureHolds, ensureSame, together, tokensOf, write, type Rule } from "./assertions.js";

/** Which of several writes counts. */
export const versionRules: readonly Rule[] = [
  {
    name: "ifVersion null writes only if there is no record",
    async check({ store, userId }) {
      const first = await write(store, tokensOf(userId("ada"), "1"));
      const answer = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: null });
      ensure(answer === null, "set with ifVersion null answered a record, though there was one already");
      ensureSame(await store.get(userId("ada")), first, "get, after a write that had to lose,");
    },
  },
  {
    name: "ifVersion writes only over that very version",
    async check({ store, userId }) {
      const first = await write(store, tokensOf(userId("ada"), "1"));
      for (const ifVersion of [first.version - 1, first.version + 1, 0, -1, 2 ** 40]) {
        const answer = await store.set(tokensOf(userId("ada"), "lost"), { ifVersion });
        ensure(answer === null, "set answered a record, though ifVersion was not the stored version");
      }
      ensureSame(await store.get(userId("ada")), first, "get, after writes that had to lose,");
      const second = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: first.version });
      ensureHolds(second, tokensOf(userId("ada"), "2"), "set with the stored version");
      const stale = await store.set(tokensOf(userId("ada"), "3"), { ifVersion: first.version });
      ensure(stale === null, "set answered a record, though the version had been written over");
      ensureHolds(await store.get(userId("ada")), tokensOf(userId("ada"), "2"), "get");
    },
  },
  {
    name: "ifVersion of a record that isn't there writes nothing",
    async check({ store, userId }) {
      for (const ifVersion of [0, 1, 7]) {
        const answer = await store.set(tokensOf(userId("nobody")), { ifVersion });
        ensure(answer === null, "set with a version answered a record, though there was none to write over");
      }
      ensure((await store.get(userId("nobody"))) === null, "a write that had to lose made a record");
    },
  },
  {
    name: "of several writes at once with the same ifVersion exactly one wins",
    async check({ store, userId }) {
      for (let round = 0; round < 5; round += 1) {
        const { version } = await write(store, tokensOf(userId("ada"), "before"));
        await ensureOneWins(store, userId("ada"), version);
      }
    },
  },
  {
    name: "of several first writes at once exactly one wins",
    async check({ store, userId }) {
      for (let round = 0; round < 5; round += 1) await ensureOneWins(store, userId(`ada-${round}`), null);
    },
  },
  {
    name: "no write is lost: writers that read and try again until it fits are all counted",
    async check({ store, userId }) {
      await write(store, tokensOf(userId("ada"), "1", { calUserId: 0 }));
      await together(5, async () => {
        for (let n = 0; n < 5; n += 1) await increment(store, userId("ada"));
      });
      const count = (await store.get(userId("ada")))?.calUserId;
      ensure(count === 25, `25 writes were answered as won, but ${String(count)} of them are stored`);
    },
  },
  {
    name: "a version changes with every write and is never used again, not even after a delete",
    async check({ store, userId }) {
      const seen = new Set<number>();
      for (let life = 0; life < 4; life += 1) {
        for (let n = 0; n < 4; n += 1) {
          const { version } = await write(store, tokensOf(userId("ada"), `${life}-${n}`));
          ensure(!seen.has(version), "a user was given a version for the second time");
          seen.add(version);
        }
        if (life < 3) await store.delete(userId("ada"));
      }
      const last = await store.get(userId("ada"));
      for (const ifVersion of seen) {
        if (ifVersion === last?.version) continue;
        const answer = await store.set(tokensOf(userId("ada"), "old"), { ifVersion });
        ensure(answer === null, "a write with a version from before the delete was taken");
      }
    },
  },
  {
    name: "delete removes the user's record and says whether there was one",
    async check({ store, userId }) {
      await write(store, tokensOf(userId("ada")));
      await write(store, tokensOf(userId("bob"), "bob"));
      ensure(await store.delete(userId("ada")), "delete answered false, though there was a record");
      ensure((await store.get(userId("ada"))) === null, "get answered a record that had been deleted");
      ensure(!(await store.delete(userId("ada"))), "delete answered true, though there was no record left");
      ensureHolds(await store.get(userId("bob")), tokensOf(userId("bob"), "bob"), "get of another user");
    },
  },
  {
    name: "a user who is deleted during a write stays deleted",
    async check({ store, userId }) {
      const { version } = await write(store, tokensOf(userId("ada"), "1"));
      await store.delete(userId("ada"));
      const late = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: version });
      ensure(late === null, "a write that began before the delete was taken after it");
      ensure((await store.get(userId("ada"))) === null, "a write brought a deleted user back");

      for (let round = 0; round < 10; round += 1) {
        const id = userId(`round-${round}`);
        const { version: ifVersion } = await write(store, tokensOf(id, "1"));
        const both = [
          () => store.set(tokensOf(id, "2"), { ifVersion }),
          () => store.delete(id),
          () => store.set(tokensOf(id, "3"), { ifVersion }),
        ];
        await together(both.length, async (n) => both[n]?.());
        ensure(
          (await store.get(id)) === null,
          "a write at the same time as the delete brought the user back",
        );
      }
    },
  },
];

async function ensureOneWins(store: TokenStore, userId: string, ifVersion: number | null): Promise<void> {
  const answers = await together(12, (n) => store.set(tokensOf(userId, `writer-${n}`), { ifVersion }));
  const winners = answers.flatMap((answer, n) => (answer === null ? [] : [n]));
  ensure(winners.length === 1, `${winners.length} of 12 writes at once were answered as won`);
  const winner = tokensOf(userId, `writer-${String(winners[0])}`);
  ensureHolds(await store.get(userId), winner, "get, after several writes at once,");
}

/** Adds one to the record's number, however often somebody else comes first. */
export async function increment(store: TokenStore, userId: string): Promise<void> {
  for (;;) {
    const current = await store.get(userId);
    ensure(current !== null, "get answered null while the record was being written over");
    const next = { ...current, calUserId: current.calUserId + 1 };
    if ((await store.set(next, { ifVersion: current.version })) !== null) return;
  }
}
