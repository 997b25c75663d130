import type { TokenStore } from "../../tokens/token-store.js";
import {
  countOf,
  ensure,
  ensureHolds,
  ensureSame,
  together,
  tokensOf,
  write,
  type Rule,
} from "./assertions.js";

/** Which of several writes counts. */
export const versionRules: readonly Rule[] = [
  {
    name: "ifVersion null writes only if there is no record",
    async check({ store, userId }) {
      const first = await write(store, tokensOf(userId("ada"), "1"));
      const result = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: null });
      ensure(result === null, "set with ifVersion null returned a record, though there was one already");
      ensureSame(await store.get(userId("ada")), first, "get, after a write whose condition failed,");
    },
  },
  {
    name: "ifVersion writes only over that very version",
    async check({ store, userId }) {
      const first = await write(store, tokensOf(userId("ada"), "1"));
      for (const ifVersion of [first.version - 1, first.version + 1, 0, -1, 2 ** 40]) {
        const result = await store.set(tokensOf(userId("ada"), "other"), { ifVersion });
        ensure(result === null, "set returned a record, though ifVersion was not the stored version");
      }
      ensureSame(await store.get(userId("ada")), first, "get, after writes whose condition failed,");
      const second = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: first.version });
      ensureHolds(second, tokensOf(userId("ada"), "2"), "set with the stored version");
      const stale = await store.set(tokensOf(userId("ada"), "3"), { ifVersion: first.version });
      ensure(stale === null, "set returned a record, though a newer version had been written");
      ensureHolds(await store.get(userId("ada")), tokensOf(userId("ada"), "2"), "get");
    },
  },
  {
    name: "ifVersion of a record that doesn't exist writes nothing",
    async check({ store, userId }) {
      for (const ifVersion of [0, 1, 7]) {
        const result = await store.set(tokensOf(userId("unknown")), { ifVersion });
        ensure(result === null, "set with a version returned a record, though there was none");
      }
      ensure((await store.get(userId("unknown"))) === null, "a write whose condition failed made a record");
    },
  },
  {
    name: "of several writes at once with the same ifVersion exactly one succeeds",
    async check({ store, userId }) {
      for (let round = 0; round < 5; round += 1) {
        const { version } = await write(store, tokensOf(userId("ada"), "before"));
        await ensureOneSucceeds(store, userId("ada"), version);
      }
    },
  },
  {
    name: "of several first writes at once exactly one succeeds",
    async check({ store, userId }) {
      for (let round = 0; round < 5; round += 1) await ensureOneSucceeds(store, userId(`ada-${round}`), null);
    },
  },
  {
    name: "no write is lost: writers that read and retry until they succeed are all counted",
    async check({ store, userId }) {
      await write(store, tokensOf(userId("ada"), "0"));
      await together(5, async () => {
        for (let n = 0; n < 5; n += 1) await increment(store, userId("ada"));
      });
      const count = countOf(await store.get(userId("ada")));
      ensure(count === 25, `25 writes returned a record, but ${count} of them are stored`);
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
        const result = await store.set(tokensOf(userId("ada"), "old"), { ifVersion });
        ensure(result === null, "a write with a version of before the delete was accepted");
      }
    },
  },
  {
    name: "delete removes the user's record and returns whether there was one",
    async check({ store, userId }) {
      await write(store, tokensOf(userId("ada")));
      await write(store, tokensOf(userId("bob"), "bob"));
      ensure(await store.delete(userId("ada")), "delete returned false, though there was a record");
      ensure((await store.get(userId("ada"))) === null, "get returned a record that had been deleted");
      ensure(!(await store.delete(userId("ada"))), "delete returned true, though there was no record left");
      ensureHolds(await store.get(userId("bob")), tokensOf(userId("bob"), "bob"), "get of another user");
    },
  },
  {
    name: "a user who is deleted during a write stays deleted",
    async check({ store, userId }) {
      const { version } = await write(store, tokensOf(userId("ada"), "1"));
      await store.delete(userId("ada"));
      const late = await store.set(tokensOf(userId("ada"), "2"), { ifVersion: version });
      ensure(late === null, "a write that began before the delete was accepted after it");
      ensure((await store.get(userId("ada"))) === null, "a write restored a deleted user");

      for (let round = 0; round < 10; round += 1) {
        const id = userId(`round-${round}`);
        const { version: ifVersion } = await write(store, tokensOf(id, "1"));
        const work = [
          () => store.set(tokensOf(id, "2"), { ifVersion }),
          () => store.delete(id),
          () => store.set(tokensOf(id, "3"), { ifVersion }),
        ];
        await together(work.length, async (n) => work[n]?.());
        ensure((await store.get(id)) === null, "a write at the same time as the delete restored the user");
      }
    },
  },
];

async function ensureOneSucceeds(store: TokenStore, userId: string, ifVersion: number | null): Promise<void> {
  const results = await together(12, (n) => store.set(tokensOf(userId, `writer-${n}`), { ifVersion }));
  const winners = results.flatMap((result, n) => (result === null ? [] : [n]));
  ensure(winners.length === 1, `${winners.length} of 12 writes at once returned a record`);
  const winner = tokensOf(userId, `writer-${String(winners[0])}`);
  ensureHolds(await store.get(userId), winner, "get, after several writes at once,");
}

/** Adds one to the record's number, retrying until no other writer comes first. */
export async function increment(store: TokenStore, userId: string): Promise<void> {
  for (;;) {
    const current = await store.get(userId);
    ensure(current !== null, "get returned null while the record was being written");
    const next = tokensOf(userId, String(countOf(current) + 1));
    if ((await store.set(next, { ifVersion: current.version })) !== null) return;
  }
}
