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

/** What brings a user's next check forward. */
export const makeDueRules: readonly ConnectionRule[] = [
  {
    name: "makeDue: a user without a state gets one without details, and is due",
    async check({ store, userId }) {
      const ada = userId("ada");
      await together(4, () => store.makeDue(ada));
      const state = await store.get(ada);
      ensure(state !== null, "makeDue made no state for a user without one");
      ensure(state.details === null, "makeDue made a state with details for a user without one");
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "makeDue made a user who is not due",
      );
    },
  },
  {
    name: "makeDue: a user who is not due is due now, keeps the details, and has a new version",
    async check({ store, userId }) {
      const ada = userId("ada");
      const before = await put(store, stateOf(ada, FAR_AWAY, "kept"));
      await store.makeDue(ada);
      const after = await store.get(ada);
      ensure(after !== null && after.details === "kept", "makeDue changed the details");
      ensure(after.dueAt.getTime() < FAR_AWAY, "makeDue did not bring dueAt forward");
      ensure(after.version !== before.version, "makeDue brought dueAt forward without a new version");
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "makeDue left a user who is not due",
      );
    },
  },
  {
    name: "makeDue: nothing changes for a user who is due, the version neither",
    async check({ store, userId }) {
      const ada = userId("ada");
      const before = await put(store, stateOf(ada, LONG_AGO));
      await store.makeDue(ada);
      const after = await store.get(ada);
      ensureState(after, before, "get, after makeDue for a user who was due,");
      ensure(after.version === before.version, "makeDue changed the version of a user who was due");
    },
  },
  {
    name: "makeDue: during a claim it ends no claim, and the claimer's write fails, so that it is noticed",
    async check({ store, userId, advance }) {
      const ada = userId("ada");
      await put(store, stateOf(ada, LONG_AGO));
      const [claimed] = await claimAll(store, [ada], { leaseMs: LONG });
      ensure(claimed !== undefined, "a user who was due was not claimed");
      await store.makeDue(ada);
      ensure((await claimAll(store, [ada], { leaseMs: LONG })).length === 0, "makeDue ended a claim");
      const missed = await store.set(stateOf(ada), { ifVersion: claimed.version });
      ensure(missed === null, "the write of a claimer who does not know of makeDue succeeded");
      const current = await store.get(ada);
      ensure(
        current !== null && current.dueAt.getTime() < claimed.dueAt.getTime(),
        "makeDue during a claim did not bring dueAt forward",
      );
      // The claim ends without a write, as that of a process that was killed.
      await store.delete(ada);
      await put(store, stateOf(ada, LONG_AGO));
      await claimAll(store, [ada], { leaseMs: SHORT });
      await store.makeDue(ada);
      await advance(SHORT + MARGIN);
      ensure(
        (await claimAll(store, [ada], { leaseMs: LONG })).length === 1,
        "a user who was made due during a claim was not due when the claim had ended",
      );
    },
  },
];
