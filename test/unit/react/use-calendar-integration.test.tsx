// @vitest-environment happy-dom
import { StrictMode, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  useCalendarIntegration,
  type CalendarIntegrationOptions,
  type CalendarIntegrationState,
} from "../../../src/react/index.js";
import { connection, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { perform, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
/** The response to Apple's credentials. Cal.com does not list the connection for some seconds. */
const acceptedApple = {
  data: {
    connected: true,
    calendars: [connection({ calendarType: "apple", credentialId: 0, email: null, calendars: [] })],
  },
};
let state: CalendarIntegrationState;

function Page(options: CalendarIntegrationOptions): ReactNode {
  state = useCalendarIntegration({ fetch: handlers.fetch, ...options });
  return state.status;
}

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});

afterEach(() => vi.useRealTimers());

describe("status", () => {
  test.each([
    { name: "disconnected", calendars: [] },
    { name: "connected", calendars: [connection(), connection({ calendarType: "apple", credentialId: 8 })] },
    { name: "broken", calendars: [connection(), connection({ connected: false, credentialId: 8 })] },
  ])("status is $name", async ({ name, calendars }) => {
    handlers.respond("status", status(...calendars));
    const page = await render(<Page />);
    expect(page.textContent).toBe(name);
    expect(state.calendars).toEqual(calendars);
    expect(handlers.seen).toEqual([{ url: "/api/cal/calendars/status", body: undefined }]);
  });

  test("status is error after a failed load, until a load succeeds", async () => {
    handlers.respond("status", { error: "unauthenticated" }, status(connection()));
    await render(<Page basePath="/v1/cal" />);
    expect(state).toMatchObject({
      status: "error",
      calendars: [],
      error: { action: "load", code: "unauthenticated" },
    });
    await perform(() => state.dismiss());
    expect(state.status, "dismiss() does not clear it").toBe("error");
    expect(await perform(() => state.reload())).toBe(true);
    expect(state).toMatchObject({ status: "connected", error: null });
    expect(handlers.seen[1]?.url).toBe("/v1/cal/calendars/status");
  });

  test.each([
    { response: { fault: true } as const, code: "network_error" },
    { response: { text: "<html>" }, code: "invalid_response" },
    { response: { text: "null" }, code: "invalid_response" },
    { response: { text: "{}" }, code: "invalid_response" },
    { response: { data: {} }, code: "invalid_response" },
    { response: { data: { calendars: [null] } }, code: "invalid_response" },
    { response: { text: '{"error":"Not Found"}', status: 404 }, code: "invalid_response" },
    { response: { incomplete: true } as const, code: "network_error" },
    // Responses from something in front of the handlers, such as a proxy.
    { response: { text: "Sign in", status: 401 }, code: "unauthenticated" },
    { response: { text: "<h1>Bad Gateway</h1>", status: 502 }, code: "unavailable" },
  ])("a failed load has the code $code for the response $response", async ({ response, code }) => {
    handlers.respond("status", response);
    await render(<Page />);
    expect(state).toMatchObject({ status: "error", error: { code } });
  });

  test("with initialStatus, nothing is loaded", async () => {
    await render(<Page initialStatus={{ calendars: [connection()] }} />);
    expect(state.status).toBe("connected");
    expect(handlers.seen).toEqual([]);
  });

  test("the status is loaded in StrictMode, which runs effects twice", async () => {
    handlers.respond("status", status(connection()), status(connection()));
    await render(
      <StrictMode>
        <Page />
      </StrictMode>,
    );
    expect(state.status).toBe("connected");
  });

  test("after an action during the first load, the whole list is loaded again", async () => {
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)), status(connection()));
    handlers.respond("disconnect", { data: {} });
    await render(<Page />);
    expect(await perform(() => state.disconnect("apple"))).toBe(true);
    await perform(() => deliver(status()));
    expect(state.calendars).toEqual([connection()]);
  });

  test("a list that was requested before a later change is ignored", async () => {
    let deliver: (response: { data: object }) => void = () => undefined;
    await render(<Page initialStatus={{ calendars: [connection()] }} />);
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)));
    handlers.respond("disconnect", { data: {} });
    await perform(() => void state.reload());
    await perform(() => state.disconnect("google"));
    await perform(() => deliver(status(connection())));
    expect(state.calendars).toEqual([]);
  });

  test("the status is loaded again when the user returns to the tab after 11 seconds or more", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await render(<Page initialStatus={{ calendars: [connection()] }} />);
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    expect(handlers.seen).toEqual([]);
    vi.setSystemTime(Date.now() + 12_000);
    handlers.respond("status", status(connection({ connected: false })), { fault: true });
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state.status).toBe("broken");

    // A background load that fails is not shown.
    vi.setSystemTime(Date.now() + 12_000);
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state).toMatchObject({ status: "broken", error: null });
  });

  test("a background load that succeeds clears the error of a failed load", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    handlers.respond("status", { fault: true }, status(connection()));
    await render(<Page />);
    vi.setSystemTime(Date.now() + 12_000);
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state).toMatchObject({ status: "connected", error: null });
  });

  test("the failure of reload() is reported, even if the user returns to the tab meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    let deliver: (response: { fault: true }) => void = () => undefined;
    await render(<Page initialStatus={{ calendars: [connection()] }} />);
    vi.setSystemTime(Date.now() + 12_000);
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)));
    await perform(() => void state.reload());
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await perform(() => deliver({ fault: true }));
    expect(handlers.seen).toHaveLength(1);
    expect(state.error).toEqual({ action: "load", code: "network_error" });
  });
});

describe("initialStatus", () => {
  test("may be the whole response of the status route", async () => {
    const answer = { success: true, data: { calendars: [connection()] } };
    await render(<Page initialStatus={answer as never} />);
    expect(state).toMatchObject({ status: "connected", calendars: [connection()] });
    expect(handlers.seen).toEqual([]);
  });

  test.each([
    ["the answer to a request that failed", { success: false, error: { code: "unauthenticated" } }],
    ["null", null],
    ["an empty object", {}],
    ["a text", "<html>"],
    ["a list", [connection()]],
    ["connections of another shape", { calendars: [{ email: "a@b.example" }] }],
    ["data without connections", { success: true, data: null }],
  ])("is loaded from the handlers if it is %s", async (_name, answer) => {
    handlers.respond("status", status(connection()));
    await render(<Page initialStatus={answer as never} />);
    expect(state).toMatchObject({ status: "connected", calendars: [connection()] });
  });
});

describe("returning from a provider", () => {
  test("the result in the URL is reported once and removed from the URL", async () => {
    history.replaceState({ of: "a router" }, "", "/settings?tab=2&calendarType=google&connected=true#top");
    handlers.respond("status", status(connection()));
    await render(<Page />);
    expect(state).toMatchObject({ result: { action: "connect", provider: "google" }, error: null });
    expect(location.href).toMatch(/\/settings\?tab=2#top$/);
    expect(history.state).toEqual({ of: "a router" });
  });

  test("the result in the URL is reported once in StrictMode, which runs effects twice", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=false&reason=access_denied");
    await render(
      <StrictMode>
        <Page initialStatus={{ calendars: [] }} />
      </StrictMode>,
    );
    expect(state.error).toMatchObject({ code: "access_denied", provider: "google" });
    expect(location.search).toBe("");
    await perform(() => state.dismiss());
    await render(<Page initialStatus={{ calendars: [] }} />);
    expect(state.error, "a page that is opened later").toBeNull();
  });

  test("the result is removed from the URL of Next.js's router, which ignores changes with its own mark", async () => {
    const address = "/settings?calendarType=google&connected=true";
    history.replaceState({ __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: "tree" }, "", address);
    await render(<Page initialStatus={{ calendars: [connection()] }} />);
    expect(history.state).toEqual({ __NA: undefined, __PRIVATE_NEXTJS_INTERNALS_TREE: "tree" });
  });

  test("connected=true in the URL is an error if the list has no such connection", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=true");
    await render(<Page initialStatus={{ calendars: [connection({ calendarType: "office365" })] }} />);
    expect(state).toMatchObject({ result: null, error: { code: "not_connected", provider: "google" } });
  });

  test("the reason in the URL becomes the error's code", async () => {
    history.replaceState(null, "", "/settings?calendarType=office365&connected=false&reason=wrong_user");
    handlers.respond("status", status());
    await render(<Page />);
    expect(state.error).toEqual({ action: "connect", code: "wrong_user", provider: "office365" });
  });

  test.each(["revoked", "invalid_credentials", "not_permitted", "provider_error"])(
    "is announced, and does not make a working account look broken: %s",
    async (reason) => {
      history.replaceState(null, "", `/settings?calendarType=google&connected=false&reason=${reason}`);
      handlers.respond("status", status(connection()), status(connection()));
      await render(<Page />);
      expect(state).toMatchObject({
        status: "connected",
        error: { code: reason },
        calendars: [connection()],
      });
      await perform(() => state.reload());
      expect(state.calendars).toEqual([connection()]);
    },
  );

  test.each(["?calendarType=apple&connected=true", "?connected=true", "?calendarType=google&connected=1"])(
    "a query that is not a result of the handlers is ignored and kept: %s",
    async (query) => {
      history.replaceState(null, "", `/settings${query}`);
      await render(<Page initialStatus={{ calendars: [] }} />);
      expect(state).toMatchObject({ result: null, error: null });
      expect(location.search).toBe(query);
    },
  );
});

describe("actions", () => {
  beforeEach(() =>
    render(<Page initialStatus={{ calendars: [connection()] }} returnUrl="/settings?tab=2" />),
  );

  test("connect redirects the browser to the provider, and stays pending", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.respond("oauth-connect-url", { data: { authUrl: "https://provider.example/" } });
    expect(await perform(() => state.connect("office365"))).toBe(true);
    expect(handlers.seen[0]?.url).toBe(
      "/api/cal/calendars/oauth-connect-url?type=office365&returnUrl=%2Fsettings%3Ftab%3D2",
    );
    expect(assign).toHaveBeenCalledWith("https://provider.example/");
    expect(state.pending).toEqual({ action: "connect", provider: "office365" });
    expect(await state.sync("google"), "no other action starts").toBe(false);

    // The user presses the browser's Back button.
    handlers.respond("status", status());
    await perform(() => window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true })));
    expect(state).toMatchObject({ pending: null, status: "disconnected" });
  });

  test("connect is no longer pending 15 seconds later, when the user has stopped the navigation", async () => {
    vi.useFakeTimers();
    vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.respond("oauth-connect-url", { data: { authUrl: "https://provider.example/" } });
    await perform(() => state.connect("google"));
    await perform(() => vi.advanceTimersByTime(15_000));
    expect(state.pending).toBeNull();
  });

  test("connect does not redirect if the component was unmounted meanwhile", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("oauth-connect-url", new Promise((resolve) => (deliver = resolve)));
    const connecting = perform(() => void state.connect("google"));
    leave();
    deliver({ data: { authUrl: "https://provider.example/" } });
    await connecting;
    await perform(() => undefined);
    expect(assign).not.toHaveBeenCalled();
  });

  test("connect rejects a URL that is not http or https", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.respond("oauth-connect-url", { data: { authUrl: "javascript:alert(1)" } });
    expect(await perform(() => state.connect("google"))).toBe(false);
    expect(state).toMatchObject({ pending: null, error: { code: "invalid_response", action: "connect" } });
    expect(assign).not.toHaveBeenCalled();
  });

  test("sync updates the provider's connections and keeps the others", async () => {
    const renamed = connection({ email: "a@gmail.example" });
    handlers.respond("sync-credentials", { data: { connected: true, calendars: [renamed] } });
    expect(await perform(() => state.sync("google"))).toBe(true);
    expect(handlers.seen[0]?.body).toEqual({ calendarType: "google" });
    expect(state).toMatchObject({ calendars: [renamed], result: { action: "sync" } });
  });

  test("sync marks a connection as broken that the list shows as connected", async () => {
    const data = { connected: false, reason: "invalid_credentials", calendars: [connection()] };
    handlers.respond("sync-credentials", { data });
    expect(await perform(() => state.sync("google"))).toBe(false);
    expect(state).toMatchObject({
      status: "broken",
      error: { code: "invalid_credentials", provider: "google" },
    });

    handlers.respond("sync-credentials", { error: "not_connected" });
    await perform(() => state.sync("office365"));
    expect(state.status, "after the next action").toBe("broken");
  });

  test("a wrong Apple password does not mark a connection as broken", async () => {
    handlers.respond("apple-credentials", { error: "invalid_credentials" });
    await perform(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    expect(state).toMatchObject({ status: "connected", error: { code: "invalid_credentials" } });
  });

  test("disconnect removes one connection, or all of the provider", async () => {
    const all = [
      connection(),
      connection({ credentialId: 8 }),
      connection({ calendarType: "apple", credentialId: 9 }),
    ];
    handlers.respond("status", status(...all));
    await perform(() => state.reload());
    handlers.respond("disconnect", { data: {} }, { data: {} });
    await perform(() => state.disconnect("google", { credentialId: 8 }));
    expect(state.result).toMatchObject({
      action: "disconnect",
      credentialId: 8,
      email: "alice@gmail.example",
    });
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
    await perform(() => state.disconnect("google"));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([9]);
    expect(handlers.seen.slice(1).map(({ body }) => body)).toEqual([
      { calendarType: "google", credentialId: 8 },
      { calendarType: "google" },
    ]);
  });

  test("connectApple shows the connection before Cal.com lists it, and replaces it when it is listed", async () => {
    vi.useFakeTimers();
    handlers.respond("apple-credentials", { error: "invalid_credentials" }, acceptedApple);
    const credentials = { username: "dave@icloud.example", password: "secret" };
    expect(await perform(() => state.connectApple(credentials))).toBe(false);
    expect(state.error).toMatchObject({ code: "invalid_credentials", provider: "apple" });
    expect(await perform(() => state.connectApple(credentials))).toBe(true);
    expect(state.calendars.map(({ calendarType, credentialId }) => [calendarType, credentialId])).toEqual([
      ["google", 7],
      ["apple", 0],
    ]);
    expect(JSON.stringify(state)).not.toContain("secret");

    handlers.respond(
      "status",
      status(connection()),
      status(connection(), connection({ calendarType: "apple", credentialId: 9 })),
    );
    await perform(() => state.reload());
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 0]);
    await perform(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
  });

  test("connectApple reloads the list even if another action fails meanwhile", async () => {
    vi.useFakeTimers();
    handlers.respond("apple-credentials", acceptedApple);
    await perform(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    handlers.respond("sync-credentials", { error: "unavailable" });
    await perform(() => state.sync("google"));
    handlers.respond("status", status(connection(), connection({ calendarType: "apple", credentialId: 9 })));
    await perform(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
    expect(state.error, "the error stays until the next action").toMatchObject({
      action: "sync",
      provider: "google",
    });
  });

  test("connectApple reloads the list again if a load was in flight", async () => {
    vi.useFakeTimers();
    handlers.respond("apple-credentials", acceptedApple);
    await perform(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)));
    await perform(() => void state.reload());
    await perform(() => vi.advanceTimersByTime(11_000));
    await perform(() => deliver(status(connection())));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 0]);
    handlers.respond("status", status(connection(), connection({ calendarType: "apple", credentialId: 9 })));
    await perform(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
  });

  test("disconnect sends the credentialId 0 of a connection that is not listed yet", async () => {
    handlers.respond("disconnect", { error: "invalid_input" });
    await perform(() => state.disconnect("apple", { credentialId: 0 }));
    expect(handlers.seen.at(-1)?.body).toEqual({ calendarType: "apple", credentialId: 0 });
  });

  test("an error stays when a list arrives that was requested before", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 12_000);
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)));
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    handlers.respond("sync-credentials", { error: "unavailable" });
    await perform(() => state.sync("google"));
    await perform(() => deliver(status(connection({ name: "Google" }))));
    expect(state).toMatchObject({
      calendars: [{ name: "Google" }],
      error: { action: "sync", code: "unavailable" },
    });
  });

  test("a connection that a check found broken stays broken after a background load, and the others are updated", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    handlers.respond("sync-credentials", {
      data: { connected: false, reason: "revoked", calendars: [connection()] },
    });
    await perform(() => state.sync("google"));
    vi.setSystemTime(Date.now() + 12_000);
    const outlook = connection({ calendarType: "office365", credentialId: 8 });
    handlers.respond("status", status(connection(), outlook));
    await perform(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state.calendars).toEqual([connection({ connected: false }), outlook]);
    expect(state.error).toMatchObject({ code: "revoked" });
  });
});
