import { together } from "./assertions.js";
import {
  claimAll,
  ensure,
  ensureState,
  FAR_AWAY,
  LONG_AGO,
  put,
  stateOf,
  type ConnectionRule,
} from "./connection-assertions.js";
import { LONG, MARGIN, SHORT } from "./lease-rules.js";

/** Who is due, and who has claimed them. */
export const connectionClaimRules: readonly ConnectionRule[] = [
  {
    name: "claim: those who are due are claimed, with their state, and others are not",
    async check({ store, userId }) {
      const [due, later] = [userId("due"), userId("later")];
      await put(store, stateOf(due, LONG_AGO, '{"a":1}'));
      await put(store, stateOf(later));
      const claimed = await claimAll(store, [due, later], { leaseMs: LONG });
      ensure(
        claimed.length === 1 && claimed[0]?.userId === due,
        `claimDue returned ${claimed.length} users, where one was due and one not`,
      );
      ensure(claimed[0].details === '{"a":1}', "claimDue returned other details than were written");
      ensureState(await store.get(due), claimed[0], "get, after a claim,");
      ensureState(await store.get(later), stateOf(later), "get, of a user who was not due,");
    },
  },
  {
    name: "claim: those who have been due for longest come first, no more than the limit",
    async check({ store, userId }) {
      const users = [3, 1, 4, 2, 0].map((n) => ({ id: userId(`${n}`), dueAt: LONG_AGO - 500 + n }));
      for (const { id, dueAt } of users) await put(store, stateOf(id, dueAt));
      const ids = users.map(({ id }) => id);
      const order = (await claimAll(store, ids, { leaseMs: LONG, limit: 2 })).map(({ userId: id }) =>
        ids.indexOf(id),
      );
      // Indexes of the users 0, 1, 2, 3, 4. Within one page a database may return any order.
      const pages = [order.slice(0, 2).sort(), order.slice(2, 4).sort(), order.slice(4)];
      const should = [[1, 4].sort(), [0, 3].sort(), [2]];
      ensure(
        JSON.stringify(pages) === JSON.stringify(should),
        "claimDue did not return first the users who have been due for longest",
      );
    },
  },
  {
    name: "claim: no other caller gets a claimed user until the claim ends; then the user is due again",
    async check({ store, userId, advance }) {
      const ada = userId("ada");
      await put(store, stateOf(ada, LONG_AGO));
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "a user who was due was not claimed",
      );
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 0,
        "a claimed user was claimed again",
      );
      await store.delete(ada);
      await put(store, stateOf(ada, LONG_AGO));
      // More than once on a machine so slow that the claim ends before the next question.
      ensure(
        (await claimAll(store, [ada], { leaseMs: SHORT })).length > 0,
        "a user who was due was not claimed",
      );
      await advance(SHORT + MARGIN);
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "a user whose claim had ended was not due again",
      );
    },
  },
  {
    name: "claim: of several calls at once no two get the same user",
    async check({ store, userId }) {
      const ids = Array.from({ length: 40 }, (_, n) => userId(`${n}`));
      for (const id of ids) await put(store, stateOf(id, LONG_AGO));
      const claimed = (await together(8, () => claimAll(store, ids, { leaseMs: LONG, limit: 3 }))).flat();
      const different = new Set(claimed.map(({ userId: id }) => id)).size;
      ensure(different === claimed.length, `${claimed.length - different} users were claimed twice at once`);
      ensure(
        different === ids.length,
        `${ids.length - different} of ${ids.length} users who were due were not claimed`,
      );
    },
  },
  {
    name: "claim: it gives a new version, with which the claimer writes; who read the state before can't",
    async check({ store, userId }) {
      const ada = userId("ada");
      const before = await put(store, stateOf(ada, LONG_AGO));
      const [claimed] = await claimAll(store, [ada], { leaseMs: LONG });
      ensure(claimed !== undefined, "a user who was due was not claimed");
      const early = await store.set(stateOf(ada), { ifVersion: before.version });
      ensure(early === null, "set with the version from before the claim returned a state");
      const written = await store.set(stateOf(ada, FAR_AWAY, "3"), { ifVersion: claimed.version });
      ensureState(written, stateOf(ada, FAR_AWAY, "3"), "set with the version of the claim");
    },
  },
  {
    name: "claim: a write ends it",
    async check({ store, userId }) {
      const ada = userId("ada");
      await put(store, stateOf(ada, LONG_AGO));
      await claimAll(store, [ada], { leaseMs: LONG });
      await put(store, stateOf(ada, LONG_AGO));
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "a user who was written as due during a claim was not due",
      );
    },
  },
  {
    name: "claim: a deleted user is not claimed",
    async check({ store, userId }) {
      const ada = userId("ada");
      await put(store, stateOf(ada, LONG_AGO));
      await store.delete(ada);
      ensure((await claimAll(store, [ada], { leaseMs: LONG })).length === 0, "a deleted user was claimed");
    },
  },
];
