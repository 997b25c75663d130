import { describe, expect, test } from "vitest";
import type { StoreEvent } from "../../../src/browser/events.js";
import { initialMachine, type Machine } from "../../../src/browser/machine.js";
import { reduce } from "../../../src/browser/reducer.js";
import type { LinkedCalAccount } from "../../../src/browser/status.js";
import type { CalendarActivity, CalendarChange } from "../../../src/browser/types.js";
import { calendar, connection } from "../../support/fake-handlers.js";

const after = (machine: Machine, ...events: StoreEvent[]): Machine =>
  events.reduce((next, event, index) => reduce(next, { ...event, time: 1000 + index }), machine);
const status = (...calendars: Machine["calendars"]) => ({ calendars, calAccount: null, linkable: false });
/** After a first load. */
const loaded = (...calendars: Machine["calendars"]): Machine =>
  after(
    initialMachine,
    { type: "loadStarted", isQuiet: false },
    { type: "loaded", turn: 1, status: status(...calendars) },
  );
const account: LinkedCalAccount = {
  grant: "oauth",
  email: "ada@cal.example",
  linkedAt: null,
  expiresAt: null,
  missingScopes: [],
  reauthorization: null,
};

describe("reduce", () => {
  test("changes nothing of the state that it is given", () => {
    const machine = Object.freeze(loaded(connection()));
    Object.freeze(machine.list);
    const activity: CalendarActivity = { action: "disconnect", provider: "google" };
    after(machine, { type: "started", activity }, { type: "disconnected", activity });
    expect(machine.calendars).toEqual([connection()]);
  });

  test("a response that arrives after a later request is ignored, and is no longer in flight", () => {
    const machine = after(
      initialMachine,
      { type: "loadStarted", isQuiet: false },
      { type: "loadStarted", isQuiet: false },
      { type: "loaded", turn: 1, status: status(connection()) },
    );
    expect(machine).toMatchObject({ status: "loading", loads: 1 });
  });

  test("a background load that fails is shown only if there is no list", () => {
    const quiet: StoreEvent[] = [
      { type: "loadStarted", isQuiet: true },
      { type: "loadFailed", turn: 1, isQuiet: true, code: "unavailable" },
    ];
    expect(after(initialMachine, ...quiet).status).toBe("error");
    const [start] = quiet;
    const failed: StoreEvent = { type: "loadFailed", turn: 3, isQuiet: true, code: "unavailable" };
    expect(after(loaded(connection()), start!, failed)).toMatchObject({ status: "connected", error: null });
  });

  test("the end of an action is reported once, and not after the page was left", () => {
    const activity: CalendarActivity = { action: "sync", provider: "google" };
    const started = after(loaded(), { type: "started", activity });
    const ended: StoreEvent = { type: "ended", activity, code: null };
    expect(after(started, ended)).toMatchObject({ pending: null, result: activity });
    expect(after(started, { type: "stopped" }, ended)).toMatchObject({ pending: null, result: null });
    expect(after(started, { ...ended, code: "revoked" }).error).toEqual({ ...activity, code: "revoked" });
  });

  test("an action that shows a consent page stays pending until the browser has left", () => {
    const activity: CalendarActivity = { action: "connect", provider: "google" };
    const leaving = after(
      loaded(),
      { type: "started", activity },
      { type: "leaving" },
      { type: "ended", activity, code: null },
    );
    expect(leaving).toMatchObject({ pending: activity, result: null });
    expect(after(leaving, { type: "leaveEnded" }).pending).toBeNull();
  });

  test("a link that has ended makes the status broken, as nothing can be listed", () => {
    const reauthorization = { reason: "revoked", since: "2026-11-01T00:00:00Z", worksUntil: null } as const;
    const machine = after(loaded(), { type: "loadStarted", isQuiet: true });
    const event: StoreEvent = {
      type: "loaded",
      turn: machine.turn,
      status: { ...status(), calAccount: { ...account, reauthorization } },
    };
    expect(after(machine, event).status).toBe("broken");
  });
});

describe("the result of a consent page", () => {
  const reportedTo = (returned: object, calAccount: Machine["calAccount"] = null): Machine =>
    after(
      { ...loaded(connection()), calAccount },
      {
        type: "returned",
        returned: { connected: false, reason: "internal_error", ...returned },
      },
    );

  test.each([
    [{ provider: "google", connected: true }, null, { action: "connect", provider: "google" }],
    [{ calAccount: "linked" }, account, { action: "link" }],
    [
      { calAccount: "linked", provider: "google", connected: true },
      account,
      { action: "connect", provider: "google" },
    ],
  ] as const)("is a success if the list confirms it: %j", (returned, calAccount, result) => {
    expect(reportedTo(returned, calAccount)).toMatchObject({ result, error: null });
  });

  test.each([
    [
      { provider: "office365", connected: true },
      { action: "connect", code: "not_connected" },
    ],
    [
      { provider: "google", reason: "access_denied" },
      { action: "connect", code: "access_denied" },
    ],
    [{ calAccount: "linked" }, { action: "link", code: "not_connected" }],
    [
      { calAccount: "error", reason: "cal_account_in_use" },
      { action: "link", code: "cal_account_in_use" },
    ],
    [
      { calAccount: "error", reason: "different_cal_account", provider: "google" },
      { action: "link", code: "different_cal_account" },
    ],
    [
      { calAccount: "linked", provider: "google", connected: true },
      { action: "link", code: "not_connected" },
    ],
  ] as const)("is a failure otherwise: %j", (returned, error) => {
    expect(reportedTo(returned)).toMatchObject({ result: null, error });
  });

  test("that comes from a popup waits for the next list", () => {
    const popup = { action: "connect", provider: "office365", id: "one" } as const;
    const returned = { provider: "office365", connected: true, reason: "internal_error" } as const;
    const ended = after(
      loaded(),
      { type: "popupOpened", popup },
      { type: "popupEnded", id: "one", returned },
    );
    expect(ended).toMatchObject({ popups: [], result: null, error: null });
    const office = connection({ calendarType: "office365" });
    const next = after(ended, { type: "loadStarted", isQuiet: false });
    expect(after(next, { type: "loaded", turn: next.turn, status: status(office) })).toMatchObject({
      result: { action: "connect", provider: "office365" },
    });
  });
});

describe("changes of calendars", () => {
  const two = connection({
    calendars: [calendar({ isDestination: true }), calendar({ externalId: "family", isSelected: false })],
  });
  const change = (given: Partial<CalendarChange>): CalendarChange => ({
    id: 1,
    action: "selectCalendar",
    credentialId: 7,
    calendar: { credentialId: 7, integration: "google_calendar", externalId: "family" },
    isSelected: true,
    ...given,
  });
  const shown = ({ calendars }: Machine) =>
    calendars[0]!.calendars.map(({ isSelected, isDestination }) => [isSelected, isDestination]);

  test("are shown while they are in flight, and taken back when they are refused", () => {
    const select = change({});
    const move = change({ id: 2, action: "setDestination" });
    const both = after(
      loaded(two),
      { type: "changeStarted", change: select },
      { type: "changeStarted", change: move },
    );
    expect(shown(both)).toEqual([
      [true, false],
      [true, true],
    ]);
    const refused = after(both, { type: "changeRefused", change: move, code: "read_only_calendar" });
    expect(shown(refused)).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(refused.error).toEqual({
      action: "setDestination",
      code: "read_only_calendar",
      credentialId: 7,
      provider: undefined,
      calendar: move.calendar,
    });
  });

  test("stay as they are while another list arrives, and are part of the list that confirms them", () => {
    const select = change({});
    const started = after(
      loaded(two),
      { type: "changeStarted", change: select },
      { type: "loadStarted", isQuiet: true },
    );
    const reloaded = after(started, { type: "loaded", turn: started.turn, status: status(two) });
    expect(shown(reloaded)[1]).toEqual([true, false]);
    const confirmed = [{ ...two, calendars: [two.calendars[0]!, calendar({ externalId: "family" })] }];
    const accepted = after(reloaded, { type: "changeAccepted", change: select, calendars: confirmed });
    expect(accepted).toMatchObject({ changes: [], calendars: confirmed });
  });

  test("a list that was requested before a change was confirmed is ignored", () => {
    const select = change({});
    const loading = after(
      loaded(two),
      { type: "loadStarted", isQuiet: true },
      { type: "changeStarted", change: select },
      { type: "changeAccepted", change: select, calendars: [] },
      { type: "loaded", turn: 3, status: status(two) },
    );
    expect(loading.calendars).toEqual([]);
  });

  test("of one account don't touch the calendar of the same id in another account", () => {
    const other = connection({
      credentialId: 8,
      calendars: [calendar({ externalId: "family", isSelected: false })],
    });
    const machine = after(loaded(two, other), { type: "changeStarted", change: change({}) });
    expect(machine.calendars[1]!.calendars[0]!.isSelected).toBe(false);
  });
});
