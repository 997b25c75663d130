// @vitest-environment happy-dom
import { BroadcastChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCalendarIntegration, type CalendarIntegrationStore } from "../../../src/browser/index.js";
import {
  connection,
  fakeHandlers,
  status,
  type FakeHandlers,
  type FakeResponse,
} from "../../support/fake-handlers.js";

/** A window that the page has opened. */
interface FakeWindow {
  closed: boolean;
  opener: unknown;
  urls: string[];
  close(): void;
  location: { replace(url: string): void };
}

let handlers: FakeHandlers;
let windows: FakeWindow[];
let isBlocked: boolean;
let store: CalendarIntegrationStore;
let stop: () => void;

beforeEach(() => {
  handlers = fakeHandlers();
  windows = [];
  isBlocked = false;
  history.replaceState(null, "", "/settings");
  vi.stubGlobal("BroadcastChannel", BroadcastChannel);
  vi.spyOn(location, "assign").mockImplementation(() => undefined);
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  vi.spyOn(window, "open").mockImplementation(() => {
    if (isBlocked) return null;
    const urls: string[] = [];
    const opened: FakeWindow = {
      closed: false,
      opener: window,
      urls,
      close: () => void (opened.closed = true),
      location: { replace: (url) => void urls.push(url) },
    };
    windows.push(opened);
    return opened as unknown as Window;
  });
  store = createCalendarIntegration({
    fetch: handlers.fetch,
    mode: "popup",
    initialStatus: { calendars: [] },
  });
  stop = store.start();
  handlers.respond("oauth-connect-url", { data: { authUrl: "https://one.example/" } });
  handlers.respond("oauth-connect-url", { data: { authUrl: "https://two.example/" } });
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

const idOf = (url: string | undefined): string =>
  new URL(url ?? "", location.href).searchParams.get("popup") ?? "";
/** What the page at the end of the flow does. */
function report(id: string, returned: unknown): void {
  const channel = new BroadcastChannel(`calbridge:${id}`);
  channel.postMessage({ type: "calbridge", id, returned });
  setTimeout(() => channel.close(), 100);
}
const opened = (count: number) => vi.waitFor(() => expect(store.getState().popups).toHaveLength(count));

describe("a consent page in a popup", () => {
  test("is opened in the click, before the request, and shown when its address is there", async () => {
    void store.connect("google");
    expect(windows, "opened at once").toHaveLength(1);
    expect(windows[0]!.urls).toEqual([]);
    expect(store.getState().pending).toMatchObject({ action: "connect", provider: "google" });
    await opened(1);
    expect(windows[0]).toMatchObject({ urls: ["https://one.example/"], opener: null });
    expect(idOf(handlers.seen[0]?.url)).toMatch(/^[A-Za-z0-9_-]{16,64}$/);
    expect(store.getState(), "other actions can start").toMatchObject({
      pending: null,
      popups: [{ action: "connect", provider: "google" }],
    });
    expect(location.assign).not.toHaveBeenCalled();
  });

  test("reports its success, which the list confirms", async () => {
    const connecting = store.connect("google");
    await opened(1);
    handlers.respond("status", status(connection()));
    report(idOf(handlers.seen[0]?.url), "?calendarType=google&connected=true");
    expect(await connecting).toBe(true);
    expect(store.getState()).toMatchObject({
      popups: [],
      calendars: [connection()],
      result: { action: "connect", provider: "google" },
    });
  });

  test("reports its success also if a calendar is changed while the list is loaded", async () => {
    const connecting = store.connect("google");
    await opened(1);
    const id = { credentialId: 7, integration: "google_calendar", externalId: "team" };
    let deliver: (response: FakeResponse) => void = () => undefined;
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)), status(connection()));
    handlers.respond("select", status(connection()));
    report(idOf(handlers.seen[0]?.url), "?calendarType=google&connected=true");
    await vi.waitFor(() => expect(handlers.seen.at(-1)?.url).toContain("status"));
    expect(await store.selectCalendar(id, true)).toBe(true);
    deliver(status());
    expect(await connecting).toBe(true);
    expect(store.getState()).toMatchObject({
      calendars: [connection()],
      result: { action: "connect", provider: "google" },
    });
  });

  test.each([
    ["the list does not confirm", "calendarType=google&connected=true", "not_connected"],
    ["is a failure", "calendarType=google&connected=false&reason=access_denied", "access_denied"],
  ])("reports what %s as a failure", async (_name, returned, code) => {
    const connecting = store.connect("google");
    await opened(1);
    handlers.respond("status", status());
    report(idOf(handlers.seen[0]?.url), returned);
    expect(await connecting).toBe(false);
    expect(store.getState()).toMatchObject({ popups: [], error: { action: "connect", code } });
  });

  test("ignores a message that is not a report", async () => {
    void store.connect("google");
    await opened(1);
    const id = idOf(handlers.seen[0]?.url);
    for (const returned of ["", "?x=1", null, { calendarType: "google" }]) report(id, returned);
    report(`${id}x`, "calendarType=google&connected=true");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.getState()).toMatchObject({ popups: [{ id }], error: null, result: null });
  });

  test("that a browser blocks becomes a redirect", async () => {
    isBlocked = true;
    expect(await store.connect("google")).toBe(true);
    expect(location.assign).toHaveBeenCalledWith("https://one.example/");
    expect(idOf(handlers.seen[0]?.url), "no page that closes itself").toBe("");
  });

  test("becomes a redirect in a browser without BroadcastChannel", async () => {
    vi.unstubAllGlobals();
    Reflect.deleteProperty(globalThis, "BroadcastChannel");
    expect(await store.connect("google")).toBe(true);
    expect(windows).toEqual([]);
    expect(location.assign).toHaveBeenCalled();
  });

  test("that the user closes ends without a message, and the status is loaded", async () => {
    const connecting = store.connect("google");
    await opened(1);
    handlers.respond("status", status());
    windows[0]!.closed = true;
    expect(await connecting).toBe(false);
    expect(store.getState()).toMatchObject({ popups: [], pending: null, error: null, result: null });
    expect(handlers.seen.at(-1)?.url).toBe("/api/cal/calendars/status");
  });

  test("that only looks closed is waited for while the user is in it, and may report later", async () => {
    const hasFocus = vi.spyOn(document, "hasFocus").mockReturnValue(false);
    const connecting = store.connect("google");
    await opened(1);
    windows[0]!.closed = true;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(store.getState().popups).toHaveLength(1);

    // The user comes back to the page, and then goes on in the window.
    handlers.respond("status", status(), status(connection()));
    hasFocus.mockReturnValue(true);
    expect(await connecting).toBe(false);
    report(idOf(handlers.seen[0]?.url), "calendarType=google&connected=true");
    await vi.waitFor(() => expect(store.getState().result).toMatchObject({ action: "connect" }));
  });

  test("is closed if its address can't be requested", async () => {
    handlers = fakeHandlers();
    store.setOptions({ fetch: handlers.fetch, mode: "popup" });
    handlers.respond("oauth-connect-url", { error: "rate_limited" });
    expect(await store.connect("google")).toBe(false);
    expect(windows[0]!.closed).toBe(true);
    expect(store.getState()).toMatchObject({ popups: [], pending: null, error: { code: "rate_limited" } });
  });

  test("is not opened while another action is in progress", async () => {
    void store.connect("google");
    expect(await store.connect("office365")).toBe(false);
    expect(windows).toHaveLength(1);
  });

  test("two at once report under their own ids", async () => {
    const first = store.connect("google");
    await opened(1);
    const second = store.connect("office365");
    await opened(2);
    const [one, two] = handlers.seen.map(({ url }) => idOf(url));
    expect(one).not.toBe(two);

    const office = connection({ calendarType: "office365", credentialId: 8 });
    handlers.respond("status", status(office), status(office));
    report(two!, "calendarType=office365&connected=true");
    expect(await second).toBe(true);
    expect(store.getState()).toMatchObject({
      popups: [{ provider: "google" }],
      result: { provider: "office365" },
    });
    report(one!, "calendarType=google&connected=false&reason=access_denied");
    expect(await first).toBe(false);
    expect(store.getState()).toMatchObject({
      popups: [],
      error: { provider: "google", code: "access_denied" },
    });
  });

  test("stays open when the page is left, and reports to no page", async () => {
    const connecting = store.connect("google");
    await opened(1);
    stop();
    expect(await connecting).toBe(false);
    expect(windows[0]!.closed).toBe(false);
    expect(store.getState().popups).toEqual([]);
  });

  test("that is not shown yet is closed when the page is left", async () => {
    const connecting = store.connect("google");
    stop();
    expect(await connecting).toBe(false);
    await vi.waitFor(() => expect(windows[0]!.closed).toBe(true));
    expect(store.getState()).toMatchObject({ pending: null, error: null });
  });

  test("links the user's own Cal.com account as well", async () => {
    handlers.respond("authorize-url", { data: { authUrl: "https://app.cal.example/" } });
    const linking = store.link();
    await opened(1);
    const account = { grant: "oauth", email: "ada@cal.example", missingScopes: [], reauthorization: null };
    handlers.respond("status", { data: { calendars: [], calAccount: account, linkable: true } });
    report(idOf(handlers.seen[0]?.url), "calAccount=linked");
    expect(await linking).toBe(true);
    expect(store.getState()).toMatchObject({ calAccount: account, result: { action: "link" } });
  });
});
