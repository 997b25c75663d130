import { show, together } from "./assertions.js";
import {
  ensure,
  ensureState,
  FAR_AWAY,
  LONG_AGO,
  put,
  stateOf,
  type ConnectionRule,
} from "./connection-assertions.js";
import { lookalikes, texts } from "./record-rules.js";

// JSON of 64 kB, with letters of one to four bytes.
const LONG_TEXT = JSON.stringify("\u00e4\u65e5\u{1f600}a".repeat(6_500)).padEnd(32_000);

/** How a store keeps a state. */
export const connectionStateRules: readonly ConnectionRule[] = [
  {
    name: "a user without a state has none: get returns null",
    async check({ store, userId }) {
      const result: unknown = await store.get(userId("unknown"));
      ensure(result === null, `get returned ${show(result)} for a user who was never written`);
    },
  },
  {
    name: "a state is kept as it was written: any text, no text, instants to the millisecond",
    async check({ store, userId }) {
      for (const [n, details] of [...texts, LONG_TEXT, "", null].entries()) {
        const state = stateOf(userId(`${n % 2}`), FAR_AWAY + n * 86_400_001, details);
        ensureState(await put(store, state), state, "set");
        ensureState(await store.get(state.userId), state, "get");
      }
    },
  },
  {
    name: "two different user ids are never treated as one, whatever they look like",
    async check({ store, userId }) {
      const states = lookalikes.map((name, n) => stateOf(userId(name), FAR_AWAY, `{"n":${n}}`));
      for (const state of states) await put(store, state);
      for (const state of states) ensureState(await store.get(state.userId), state, "get");
    },
  },
  {
    name: "ifVersion null writes only if there is no state",
    async check({ store, userId }) {
      const first = await put(store, stateOf(userId("ada")));
      const result = await store.set(stateOf(userId("ada"), LONG_AGO, "2"), { ifVersion: null });
      ensure(result === null, "set with ifVersion null returned a state, though there was one already");
      ensureState(await store.get(userId("ada")), first, "get, after a write whose condition failed,");
    },
  },
  {
    name: "ifVersion writes only over that very version, and gives a new one",
    async check({ store, userId }) {
      const ada = userId("ada");
      const unknown = await store.set(stateOf(ada), { ifVersion: 7 });
      ensure(unknown === null, "set with a version returned a state, though there was none");
      const first = await put(store, stateOf(ada, FAR_AWAY, "1"));
      const second = await store.set(stateOf(ada, FAR_AWAY, "2"), { ifVersion: first.version });
      ensureState(second, stateOf(ada, FAR_AWAY, "2"), "set with the stored version");
      ensure(second.version !== first.version, "a write did not change the version");
      const stale = await store.set(stateOf(ada, FAR_AWAY, "3"), { ifVersion: first.version });
      ensure(stale === null, "set returned a state, though a newer version had been written");
      const current = await store.get(ada);
      ensureState(current, second, "get");
      ensure(current.version === second.version, "get returned another version than set");
    },
  },
  {
    name: "of several writes at once with the same ifVersion exactly one succeeds, first writes too",
    async check({ store, userId }) {
      for (let round = 0; round < 5; round += 1) {
        const ada = userId(`${round}`);
        const first = await ensureOneWrites(12, (n) =>
          store.set(stateOf(ada, FAR_AWAY, `${n}`), { ifVersion: null }),
        );
        await ensureOneWrites(12, (n) => store.set(stateOf(ada, FAR_AWAY, `${n}`), { ifVersion: first }));
      }
    },
  },
  {
    name: "a deleted state is gone, and a write for its version writes nothing, also when there is a new one",
    async check({ store, userId }) {
      const ada = userId("ada");
      const before = await put(store, stateOf(ada));
      await store.delete(ada);
      await store.delete(ada);
      ensure((await store.get(ada)) === null, "get returned a state after delete");
      const write = stateOf(ada, FAR_AWAY, "late");
      const late = await store.set(write, { ifVersion: before.version });
      ensure(late === null, "set returned a state for the version of a deleted one");
      await put(store, stateOf(ada));
      const later = await store.set(write, { ifVersion: before.version });
      ensure(later === null, "a state that was created anew has the version of the deleted one");
    },
  },
  {
    name: "states are values: what a caller does to one later changes nothing in the store",
    async check({ store, userId }) {
      const ada = userId("ada");
      const given = stateOf(ada);
      const written = await put(store, given);
      given.details = "changed";
      given.dueAt.setTime(0);
      written.details = "changed";
      written.dueAt.setTime(0);
      const read = await store.get(ada);
      ensureState(read, stateOf(ada), "get, after the objects of set were changed,");
      read.dueAt.setTime(0);
      ensureState(await store.get(ada), stateOf(ada), "get, after the object of get was changed,");
    },
  },
];

async function ensureOneWrites(
  count: number,
  write: (n: number) => Promise<{ version: number } | null>,
): Promise<number> {
  const written = (await together(count, write)).filter((state) => state !== null);
  const [only] = written;
  ensure(
    only !== undefined && written.length === 1,
    `${written.length} of ${count} writes at once with the same ifVersion returned a state`,
  );
  return only.version;
}
