import fc from "fast-check";
import { expect, test } from "vitest";
import { compare } from "../../../src/connections/compare.js";
import type { SeenConnection } from "../../../src/connections/seen.js";
import type { UserState } from "../../../src/connections/user-state.js";
import { DAY, HOUR } from "../../support/connections-world.js";

// What a store has to keep of one user.
const MAX_BYTES = 65_536;

interface Account {
  calendars: number;
  id: string;
  name: string;
}

/** Checks a user whose accounts work, and then again after all of them were connected again, a number of times. */
function reconnected(accounts: readonly Account[], times: number, hasMissing = false): UserState {
  let state: UserState | null = null;
  let ids = 0;
  const check = (round: number, now: number): void => {
    const connections = accounts.map(({ calendars, id, name }, n): SeenConnection => {
      const isFirst = round === 0;
      const count = hasMissing && !isFirst ? Math.floor(calendars / 2) : calendars;
      return {
        key: String(1 + n + round * accounts.length),
        credentialId: 1 + n + round * accounts.length,
        delegationCredentialId: null,
        integration: "google_calendar",
        account: `${String(n)}-ada@gmail.example`,
        verdict: { status: "connected", reason: null },
        mayBeInvalid: false,
        calendars: Array.from({ length: count }, (_, calendar) => ({
          id: `${String(n)}-${String(calendar)}-${id}`,
          name,
          isSelected: isFirst,
          isPrimary: calendar === 0,
          externalId: "",
        })),
      };
    });
    const [first] = connections;
    const destination = first?.calendars[0] && {
      key: first.key,
      id: first.calendars[0].id,
      isPrimary: true,
    };
    const list = { connections, destination: round === 0 ? (destination ?? null) : null, isDoubtful: false };
    const calAccount = { status: "connected", reason: null } as const;
    state = compare(
      state,
      { at: now, calUserId: 1, calAccount, list },
      { now, newId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, "0")}` },
    );
  };
  for (let round = 0; round <= times; round += 1) {
    check(round, 1e12 + round * DAY);
    check(round, 1e12 + round * DAY + HOUR);
  }
  return state!;
}

test("what is remembered of a user never takes more than 64 kB", () => {
  const account = fc.record({
    calendars: fc.integer({ min: 0, max: 250 }),
    id: fc.string({ unit: "binary", maxLength: 90, size: "max" }),
    name: fc.string({ unit: "binary", maxLength: 40, size: "max" }),
  });
  fc.assert(
    fc.property(
      fc.array(account, { minLength: 1, maxLength: 45, size: "max" }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      (accounts, times, hasMissing) => {
        const state = reconnected(accounts, times, hasMissing);
        expect(new TextEncoder().encode(JSON.stringify(state)).length).toBeLessThanOrEqual(MAX_BYTES);
        expect(state.connections.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

test("200 selected Google calendars, connected again: fits, and most of them are restored", () => {
  const state = reconnected(
    [{ calendars: 200, id: `${"a".repeat(64)}@group.calendar.google.com`, name: "N".repeat(60) }],
    1,
  );
  expect(JSON.stringify(state).length).toBeLessThanOrEqual(MAX_BYTES);
  expect(state.connections[0]?.toRestore?.selected.length).toBeGreaterThan(100);
  expect(state.pending).toHaveLength(1);
});

test("five accounts with twenty calendars each are remembered in full", () => {
  const account = { calendars: 20, id: `${"a".repeat(64)}@group.calendar.google.com`, name: "N".repeat(40) };
  const state = reconnected(
    Array.from({ length: 5 }, () => account),
    1,
  );
  for (const { selected, toRestore } of state.connections) {
    expect(selected).toHaveLength(20);
    expect(toRestore?.selected).toHaveLength(20);
  }
  expect(state.pending.map(({ restored }) => restored?.available.length)).toEqual([20, 20, 20, 20, 20]);
});
