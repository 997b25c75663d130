// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCalendarIntegration, type CalendarState } from "../../../src/browser/index.js";
import {
  calendar,
  connection,
  fakeHandlers,
  status,
  type FakeHandlers,
} from "../../support/fake-handlers.js";

let handlers: FakeHandlers;
const stops: (() => void)[] = [];

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** A store whose page is shown, with one Google account. */
function started(calendars = [connection()]) {
  const store = createCalendarIntegration({ fetch: handlers.fetch, initialStatus: { calendars } });
  stops.push(store.start());
  return store;
}

describe("subscribe", () => {
  test("calls each listener at once and after each change, until it is ended", async () => {
    const store = started();
    const seen: [string, string][] = [];
    const end = store.subscribe(({ status }) => seen.push(["first", status]));
    store.subscribe(({ status }) => seen.push(["second", status]));
    handlers.respond("status", status());
    end();
    await store.reload();
    expect(seen[0]).toEqual(["first", "connected"]);
    expect(seen.at(-1)).toEqual(["second", "disconnected"]);
    expect(seen.filter(([name]) => name === "first")).toHaveLength(1);
  });

  test("the same function can listen twice, and each end ends one of them", async () => {
    const store = started();
    const listener = vi.fn();
    const end = store.subscribe(listener);
    store.subscribe(listener);
    end();
    end();
    listener.mockClear();
    store.setOptions({ fetch: handlers.fetch });
    handlers.respond("status", status());
    await store.reload();
    expect(listener).toHaveBeenCalled();
  });

  test("subscribers are not called if nothing has changed, and the state stays the same object", () => {
    const store = started();
    const state = store.getState();
    const listener = vi.fn();
    store.subscribe(listener);
    store.dismiss();
    expect(store.getState()).toBe(state);
    expect(listener).toHaveBeenCalledTimes(1);
  });
});

test("a store needs nothing of a browser until it is started", () => {
  vi.stubGlobal("location", undefined);
  vi.stubGlobal("addEventListener", undefined);
  const store = createCalendarIntegration({ initialStatus: { calendars: [connection()] } });
  expect(store.getState().status).toBe("connected");
  vi.unstubAllGlobals();
});

describe("initialStatus", () => {
  test("may be the whole answer of the status route, or its data", () => {
    const data = { calendars: [connection()] };
    const answer = { success: true, data } as unknown as typeof data;
    const [ofData, ofAnswer] = [data, answer].map((initialStatus) =>
      createCalendarIntegration({ initialStatus }).getState(),
    );
    expect(ofData!.status).toBe("connected");
    expect(ofAnswer).toEqual(ofData);
  });

  test.each([undefined, null, {}, { success: false, error: { code: "unauthorized" } }, "no status"])(
    "that is no status (%j) is as none: the store loads",
    async (initialStatus) => {
      const store = createCalendarIntegration({
        fetch: handlers.fetch,
        initialStatus: initialStatus as unknown as { calendars: never[] },
      });
      expect(store.getState().status).toBe("loading");
      handlers.respond("status", status(connection()));
      stops.push(store.start());
      await expect.poll(() => store.getState().status).toBe("connected");
    },
  );
});

describe("changes of calendars", () => {
  const calendars = [
    connection({ calendars: [calendar(), calendar({ externalId: "family", isSelected: false })] }),
  ];
  const family = { credentialId: 7, integration: "google_calendar", externalId: "family" };
  const selected = ({ calendars }: CalendarState) =>
    calendars[0]!.calendars.map(({ isSelected }) => isSelected);

  test("are shown at once and sent one after another", async () => {
    const store = started(calendars);
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("select", new Promise((resolve) => (deliver = resolve)), { data: { calendars } });
    const first = store.selectCalendar(family, true);
    const second = store.selectCalendar({ ...calendar(), ...family }, false);
    expect(selected(store.getState())).toEqual([true, false]);
    expect(store.getState().changes).toHaveLength(2);
    expect(store.getState().pending, "other actions can start").toBeNull();
    await vi.waitFor(() => expect(handlers.seen).toHaveLength(1));
    deliver({ data: { calendars } });
    expect(await Promise.all([first, second])).toEqual([true, true]);
    expect(handlers.seen.map(({ body }) => body)).toEqual([
      { ...family, isSelected: true },
      { ...family, isSelected: false },
    ]);
    expect(store.getState().changes).toEqual([]);
  });

  test("are taken back if Cal.com refuses them, with an error that says which", async () => {
    const store = started(calendars);
    handlers.respond("destination", { error: "read_only_calendar" });
    const moving = store.setDestination(family);
    expect(store.getState().calendars[0]!.calendars[1]!.isDestination).toBe(true);
    expect(await moving).toBe(false);
    expect(store.getState()).toMatchObject({
      calendars,
      error: { action: "setDestination", code: "read_only_calendar", provider: "google", calendar: family },
    });
  });

  test("of one of two administrators' connections are reported with that one's provider", async () => {
    const delegated = { credentialId: -1, delegated: true };
    const office = { calendarType: "office365", integration: "office365_calendar" };
    const store = started([connection(delegated), connection({ ...delegated, ...office })]);
    handlers.respond("select", { error: "unavailable" });
    await store.selectCalendar(
      { credentialId: -1, integration: "office365_calendar", externalId: "team" },
      false,
    );
    expect(store.getState().error).toMatchObject({ provider: "office365", code: "unavailable" });
  });

  test("are taken back if the response is not from the handlers", async () => {
    const store = started(calendars);
    handlers.respond("select", { data: {} });
    expect(await store.selectCalendar(family, true)).toBe(false);
    expect(store.getState()).toMatchObject({ calendars, error: { code: "invalid_response" } });
  });
});

describe("accounts", () => {
  beforeEach(() => {
    vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.respond("oauth-connect-url", { data: { authUrl: "https://provider.example/" } });
    handlers.respond("authorize-url", { data: { authUrl: "https://app.cal.example/" } });
  });

  test.each([
    [{ another: true }, "type=google&select=1"],
    [{ credentialId: 7 }, "type=google&reconnect=7"],
  ])("connect asks for the account that is wanted: %j", async (options, query) => {
    await started().connect("google", options);
    expect(handlers.seen[0]?.url).toBe(`/api/cal/calendars/oauth-connect-url?${query}`);
  });

  test.each([
    [{}, ""],
    [{ replace: true }, "replace=1"],
    [{ takeOver: true }, "takeOver=1"],
  ])("link says what the user has confirmed: %j", async (options, query) => {
    expect(await started().link(options)).toBe(true);
    expect(handlers.seen[0]?.url).toBe(`/api/cal/oauth/authorize-url?${query}`);
    expect(location.assign).toHaveBeenCalledWith("https://app.cal.example/");
  });

  test("unlink forgets the account and its calendars, and loads what is left", async () => {
    const store = started();
    handlers.respond("unlink", { data: { unlinked: true } });
    handlers.respond("status", { data: { calendars: [], calAccount: { grant: "managed" }, linkable: true } });
    expect(await store.unlink()).toBe(true);
    expect(store.getState()).toMatchObject({ calendars: [], calAccount: null, result: { action: "unlink" } });
    await vi.waitFor(() => expect(store.getState().calAccount).toEqual({ grant: "managed" }));
    expect(store.getState()).toMatchObject({ linkable: true, result: { action: "unlink" } });
  });
});
