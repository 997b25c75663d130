import fc from "fast-check";
import { expect, test } from "vitest";
import { compare } from "../../../src/connections/compare.js";
import { TELL_DOUBT_AFTER_MS, type Verdict } from "../../../src/connections/health.js";
import { nextDueAt } from "../../../src/connections/intervals.js";
import { GONE_AFTER_MS } from "../../../src/connections/next-connection.js";
import type { Seen, SeenConnection } from "../../../src/connections/seen.js";
import type { PendingChange, UserState } from "../../../src/connections/user-state.js";
import { DAY, HOUR, MINUTE } from "../../support/connections-world.js";

// Any sequence of breaks, outages, disconnects and reconnects, checked at any times.

const accounts = ["ada@a.example", "ada@b.example", "ada@c.example"] as const;
type Truth = "absent" | "connected" | "broken" | "unavailable";

const step = fc.record({
  account: fc.constantFrom(...accounts),
  becomes: fc.constantFrom<Truth>("absent", "connected", "broken", "unavailable", "connected"),
  /** A connection that is made again has a new id. */
  isNew: fc.boolean(),
  isCalDown: fc.boolean(),
  waitMs: fc.oneof(fc.integer({ min: 1, max: 5 * MINUTE }), fc.integer({ min: MINUTE, max: 40 * HOUR })),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const verdicts: Record<Exclude<Truth, "absent">, Verdict> = {
  connected: { status: "connected", reason: null },
  broken: { status: "broken", reason: "revoked" },
  unavailable: { status: "unavailable", reason: "unavailable" },
};

/** The user as Cal.com has it. */
class World {
  now = 1e12;
  state: UserState | null = null;
  readonly changes: PendingChange[] = [];
  readonly truth = new Map<string, { truth: Truth; key: string }>();
  /** Instants of the lists that lack a connection, since it was last listed. */
  readonly lacking = new Map<string, number[]>();
  #keys = 0;
  #ids = 0;

  become(account: string, truth: Truth, isNew: boolean): void {
    const before = this.truth.get(account);
    const isBack = before === undefined || before.truth === "absent";
    if (before && !isBack && !isNew) {
      this.truth.set(account, { truth, key: before.key });
      return;
    }
    // What the user connects works at first.
    this.truth.set(account, {
      truth: truth === "absent" ? truth : "connected",
      key: String((this.#keys += 1)),
    });
  }

  check(isCalDown = false): PendingChange[] {
    const before = this.state;
    const list = isCalDown ? null : { connections: this.#listed(), destination: null, isDoubtful: false };
    const seen: Seen = {
      at: this.now,
      calUserId: 1,
      calAccount: isCalDown ? verdicts.unavailable : verdicts.connected,
      list,
    };
    if (list) this.#note(list.connections);
    const text = JSON.stringify(before);
    this.state = compare(before, seen, { now: this.now, newId: () => String((this.#ids += 1)) });
    expect(JSON.stringify(before), "compare changes nothing that it was given").toBe(text);
    expect(JSON.parse(JSON.stringify(this.state)), "it can be stored").toEqual(this.state);
    const known = before?.pending.map(({ id }) => id) ?? [];
    const found = this.state.pending.filter(({ id }) => !known.includes(id));
    this.changes.push(...found);
    this.state.pending = [];
    return found;
  }

  #listed(): SeenConnection[] {
    return [...this.truth].flatMap(([account, { truth, key }]) =>
      truth === "absent"
        ? []
        : {
            key,
            credentialId: Number(key),
            delegationCredentialId: null,
            integration: "google_calendar",
            account: truth === "connected" ? account : null,
            verdict: verdicts[truth],
            mayBeInvalid: false,
            calendars:
              truth === "connected"
                ? [{ id: account, name: account, isSelected: true, isPrimary: true, externalId: account }]
                : [],
          },
    );
  }

  #note(listed: readonly SeenConnection[]): void {
    for (const { key } of this.state?.connections ?? []) {
      const isListed = listed.some((connection) => connection.key === key);
      if (isListed) this.lacking.delete(key);
      else this.lacking.set(key, [...(this.lacking.get(key) ?? []), this.now]);
    }
  }
}

const sequences = fc.array(step, { minLength: 1, maxLength: 25 });

/** Runs a sequence, and calls `each` with what was found at each check. */
function run(steps: readonly Step[], each: (world: World, found: PendingChange[]) => void): World {
  const world = new World();
  world.become(accounts[0], "connected", true);
  world.become(accounts[1], "connected", true);
  each(world, world.check());
  for (const { account, becomes, isNew, isCalDown, waitMs } of steps) {
    world.become(account, becomes, isNew);
    world.now += waitMs;
    each(world, world.check(isCalDown));
  }
  return world;
}

/** What was told of each account, in order. A connection whose account was never read stands for itself. */
function chains(changes: readonly PendingChange[]): Map<string, PendingChange[]> {
  const byAccount = new Map<string, PendingChange[]>();
  for (const change of changes) {
    const name = change.connection ? (change.connection.account ?? change.connection.key) : "cal.com";
    byAccount.set(name, [...(byAccount.get(name) ?? []), change]);
  }
  return byAccount;
}

test("the first check reports nothing, and no two changes have one id", () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      let isFirst = true;
      const world = run(steps, (_, found) => {
        if (isFirst) expect(found).toEqual([]);
        isFirst = false;
      });
      expect(new Set(world.changes.map(({ id }) => id)).size).toBe(world.changes.length);
    }),
  );
});

test("each change starts from what was reported before: nothing is skipped, nothing is reported twice", () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      const world = run(steps, () => undefined);
      for (const changes of chains(world.changes).values()) {
        for (const [n, change] of changes.entries()) {
          if (n > 0) expect(change.from).toBe(changes[n - 1]!.to);
          if (!change.restored) expect(change.from).not.toBe(change.to);
        }
      }
    }),
  );
});

test("a doubt is reported after 24 hours and not before; gone after two lists a minute apart", () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      run(steps, (world, found) => {
        for (const { connection, to, since } of found) {
          if (to === "unavailable") expect(world.now - since).toBeGreaterThanOrEqual(TELL_DOUBT_AFTER_MS);
          if (to !== "gone") continue;
          const lists = world.lacking.get(connection!.key)!;
          expect(lists.length).toBeGreaterThanOrEqual(2);
          expect(lists.at(-1)! - lists[0]!).toBeGreaterThanOrEqual(GONE_AFTER_MS);
        }
      });
    }),
  );
});

test("what can't be read never overwrites an address or a selection", () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      const seen = new Map<string, string>();
      run(steps, (world) => {
        for (const { key, account, selected, status } of world.state!.connections) {
          const before = seen.get(key);
          if (before === undefined && account === null) continue;
          expect(account, `${key} ${status}`).toBe(before ?? account);
          expect(selected.map(({ id }) => id)).toEqual([account]);
          seen.set(key, account!);
        }
      });
    }),
  );
});

test("when nothing changes any more, the reported status is the real one", () => {
  fc.assert(
    fc.property(sequences, (steps) => {
      const world = run(steps, () => undefined);
      for (let checks = 0; checks < 3; checks += 1) {
        world.now += 25 * HOUR;
        world.check();
      }
      world.now += 25 * HOUR;
      expect(world.check()).toEqual([]);
      const expected: Record<Truth, string> = {
        absent: "gone",
        connected: "connected",
        broken: "broken",
        unavailable: "unavailable",
      };
      for (const [account, { truth, key }] of world.truth) {
        const known = world.state!.connections.find((one) =>
          truth === "absent" ? one.account === account : one.key === key,
        );
        // One that was broken when it was first seen may be forgotten, or may be known without its address.
        if (!known && truth === "absent") continue;
        expect(known, account).toBeDefined();
        // What was broken before it could not be read stays so.
        const { status, told } = known!;
        const isCertain = status === "broken" || status === "gone";
        expect(told, `${account} is ${truth}`).toBe(
          truth === "unavailable" && isCertain ? status : expected[truth],
        );
      }
      expect(world.state!.calAccount.told).toBe("connected");
    }),
  );
});

test("a user is due again: soon in doubt, within six hours if something is broken, else within a day and a fifth", () => {
  fc.assert(
    fc.property(sequences, fc.double({ min: 0, max: 1, noNaN: true }), (steps, random) => {
      run(steps, ({ state, now }) => {
        const powers = { hasHook: true, isNews: false, mayRestore: true };
        const wait = nextDueAt(state!, { now, random, ...powers }) - now;
        expect(wait).toBeGreaterThan(0);
        expect(wait).toBeLessThanOrEqual(1.2 * DAY + 1);
        const statuses = [state!.calAccount, ...state!.connections].map(({ status }) => status);
        if (statuses.includes("broken") || statuses.includes("unavailable")) {
          expect(wait).toBeLessThanOrEqual(6 * HOUR);
        }
        if (state!.doubts === 1) expect(wait).toBeLessThanOrEqual(15 * MINUTE);
        if (state!.connections.some(({ missingSince }) => missingSince !== undefined)) {
          expect(wait).toBeLessThanOrEqual(MINUTE);
        }
      });
    }),
  );
});
