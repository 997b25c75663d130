// @vitest-environment happy-dom
import { StrictMode, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  useCalendarIntegration,
  type CalendarIntegrationOptions,
  type CalendarIntegrationState,
} from "../../../src/react/index.js";
import { account, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { doing, leave, render } from "../../support/render.js";

let handlers: FakeHandlers;
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
  it.each([
    { name: "disconnected", calendars: [] },
    { name: "connected", calendars: [account(), account({ calendarType: "apple", credentialId: 8 })] },
    { name: "broken", calendars: [account(), account({ connected: false, credentialId: 8 })] },
  ])("is $name", async ({ name, calendars }) => {
    handlers.answer("status", status(...calendars));
    const page = await render(<Page />);
    expect(page.textContent).toBe(name);
    expect(state.calendars).toEqual(calendars);
    expect(handlers.seen).toEqual([{ url: "/api/cal/calendars/status", body: undefined }]);
  });

  it("is error if it can't be loaded, until it can", async () => {
    handlers.answer("status", { error: "unauthenticated" }, status(account()));
    await render(<Page basePath="/v1/cal" />);
    expect(state).toMatchObject({
      status: "error",
      calendars: [],
      error: { action: "load", code: "unauthenticated" },
    });
    await doing(() => state.dismiss());
    expect(state.status, "there is nothing else to show").toBe("error");
    expect(await doing(() => state.reload())).toBe(true);
    expect(state).toMatchObject({ status: "connected", error: null });
    expect(handlers.seen[1]?.url).toBe("/v1/cal/calendars/status");
  });

  it.each([
    { answer: { fault: true } as const, code: "network_error" },
    { answer: { text: "<html>" }, code: "invalid_response" },
    { answer: { text: "null" }, code: "invalid_response" },
    { answer: { text: "{}" }, code: "invalid_response" },
    { answer: { data: {} }, code: "invalid_response" },
    { answer: { data: { calendars: [null] } }, code: "invalid_response" },
    { answer: { text: '{"error":"Not Found"}', status: 404 }, code: "invalid_response" },
    { answer: { cut: true } as const, code: "network_error" },
    // From something in front of the handlers: a guard, a proxy.
    { answer: { text: "Sign in", status: 401 }, code: "unauthenticated" },
    { answer: { text: "<h1>Bad Gateway</h1>", status: 502 }, code: "unavailable" },
  ])("has the code $code for $answer", async ({ answer, code }) => {
    handlers.answer("status", answer);
    await render(<Page />);
    expect(state).toMatchObject({ status: "error", error: { code } });
  });

  it("asks for nothing if the server has given it", async () => {
    await render(<Page initialStatus={{ calendars: [account()] }} />);
    expect(state.status).toBe("connected");
    expect(handlers.seen).toEqual([]);
  });

  it("is loaded in StrictMode, which starts everything twice", async () => {
    handlers.answer("status", status(account()), status(account()));
    await render(
      <StrictMode>
        <Page />
      </StrictMode>,
    );
    expect(state.status).toBe("connected");
  });

  it("is not taken for all there is when a change comes before it", async () => {
    let arrive: (answer: { data: object }) => void = () => undefined;
    handlers.answer("status", new Promise((resolve) => (arrive = resolve)), status(account()));
    handlers.answer("disconnect", { data: {} });
    await render(<Page />);
    expect(await doing(() => state.disconnect("apple"))).toBe(true);
    await doing(() => arrive(status()));
    expect(state.calendars).toEqual([account()]);
  });

  it("drops an answer that a later change has overtaken", async () => {
    let arrive: (answer: { data: object }) => void = () => undefined;
    await render(<Page initialStatus={{ calendars: [account()] }} />);
    handlers.answer("status", new Promise((resolve) => (arrive = resolve)));
    handlers.answer("disconnect", { data: {} });
    await doing(() => void state.reload());
    await doing(() => state.disconnect("google"));
    await doing(() => arrive(status(account())));
    expect(state.calendars).toEqual([]);
  });

  it("is asked for again when the user comes back to the tab after a while", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await render(<Page initialStatus={{ calendars: [account()] }} />);
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    expect(handlers.seen).toEqual([]);
    vi.setSystemTime(Date.now() + 12_000);
    handlers.answer("status", status(account({ connected: false })), { fault: true });
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state.status).toBe("broken");

    // Nobody asked for this one, so nobody hears that it failed.
    vi.setSystemTime(Date.now() + 12_000);
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state).toMatchObject({ status: "broken", error: null });
  });

  it("says so when it is there again without being asked for", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    handlers.answer("status", { fault: true }, status(account()));
    await render(<Page />);
    vi.setSystemTime(Date.now() + 12_000);
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state).toMatchObject({ status: "connected", error: null });
  });

  it("tells the one who asks of a failure, also when the user comes back to the tab meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    let arrive: (answer: { fault: true }) => void = () => undefined;
    await render(<Page initialStatus={{ calendars: [account()] }} />);
    vi.setSystemTime(Date.now() + 12_000);
    handlers.answer("status", new Promise((resolve) => (arrive = resolve)));
    await doing(() => void state.reload());
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    await doing(() => arrive({ fault: true }));
    expect(handlers.seen).toHaveLength(1);
    expect(state.error).toEqual({ action: "load", code: "network_error" });
  });
});

describe("a return from a provider", () => {
  it("is told once, and taken out of the address", async () => {
    history.replaceState({ of: "a router" }, "", "/settings?tab=2&calendarType=google&connected=true#top");
    handlers.answer("status", status(account()));
    await render(<Page />);
    expect(state).toMatchObject({ result: { action: "connect", provider: "google" }, error: null });
    expect(location.href).toMatch(/\/settings\?tab=2#top$/);
    expect(history.state).toEqual({ of: "a router" });
  });

  it("is told once in StrictMode, which starts everything twice", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=false&reason=access_denied");
    await render(
      <StrictMode>
        <Page initialStatus={{ calendars: [] }} />
      </StrictMode>,
    );
    expect(state.error).toMatchObject({ code: "access_denied", provider: "google" });
    expect(location.search).toBe("");
    await doing(() => state.dismiss());
    await render(<Page initialStatus={{ calendars: [] }} />);
    expect(state.error, "of a page that is opened later").toBeNull();
  });

  it("is out of the address for Next.js's router too, which leaves its own changes alone", async () => {
    const address = "/settings?calendarType=google&connected=true";
    history.replaceState({ __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: "tree" }, "", address);
    await render(<Page initialStatus={{ calendars: [account()] }} />);
    expect(history.state).toEqual({ __NA: undefined, __PRIVATE_NEXTJS_INTERNALS_TREE: "tree" });
  });

  it("is not believed when it says connected", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=true");
    await render(<Page initialStatus={{ calendars: [account({ calendarType: "office365" })] }} />);
    expect(state).toMatchObject({ result: null, error: { code: "not_connected", provider: "google" } });
  });

  it("has its reason as the error's code", async () => {
    history.replaceState(null, "", "/settings?calendarType=office365&connected=false&reason=wrong_user");
    handlers.answer("status", status());
    await render(<Page />);
    expect(state.error).toEqual({ action: "connect", code: "wrong_user", provider: "office365" });
  });

  it.each(["revoked", "invalid_credentials", "not_permitted", "provider_error"])(
    "is announced, and does not make a working account look broken: %s",
    async (reason) => {
      history.replaceState(null, "", `/settings?calendarType=google&connected=false&reason=${reason}`);
      handlers.answer("status", status(account()), status(account()));
      await render(<Page />);
      expect(state).toMatchObject({ status: "connected", error: { code: reason }, calendars: [account()] });
      await doing(() => state.reload());
      expect(state.calendars).toEqual([account()]);
    },
  );

  it.each(["?calendarType=apple&connected=true", "?connected=true", "?calendarType=google&connected=1"])(
    "is none of ours: %s",
    async (query) => {
      history.replaceState(null, "", `/settings${query}`);
      await render(<Page initialStatus={{ calendars: [] }} />);
      expect(state).toMatchObject({ result: null, error: null });
      expect(location.search).toBe(query);
    },
  );
});

describe("actions", () => {
  beforeEach(() => render(<Page initialStatus={{ calendars: [account()] }} returnUrl="/settings?tab=2" />));

  it("connect sends the browser to the provider, and stays pending", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.answer("oauth-connect-url", { data: { authUrl: "https://provider.example/" } });
    expect(await doing(() => state.connect("office365"))).toBe(true);
    expect(handlers.seen[0]?.url).toBe(
      "/api/cal/calendars/oauth-connect-url?type=office365&returnUrl=%2Fsettings%3Ftab%3D2",
    );
    expect(assign).toHaveBeenCalledWith("https://provider.example/");
    expect(state.pending).toEqual({ action: "connect", provider: "office365" });
    expect(await state.sync("google"), "nothing else starts").toBe(false);

    // Back by the browser's button.
    handlers.answer("status", status());
    await doing(() => window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true })));
    expect(state).toMatchObject({ pending: null, status: "disconnected" });
  });

  it("connect is ready again when the user stops the browser on its way", async () => {
    vi.useFakeTimers();
    vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.answer("oauth-connect-url", { data: { authUrl: "https://provider.example/" } });
    await doing(() => state.connect("google"));
    await doing(() => vi.advanceTimersByTime(15_000));
    expect(state.pending).toBeNull();
  });

  it("connect takes nobody away from a page that is open by then", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    let arrive: (answer: { data: object }) => void = () => undefined;
    handlers.answer("oauth-connect-url", new Promise((resolve) => (arrive = resolve)));
    const connected = doing(() => void state.connect("google"));
    leave();
    arrive({ data: { authUrl: "https://provider.example/" } });
    await connected;
    await doing(() => undefined);
    expect(assign).not.toHaveBeenCalled();
  });

  it("connect goes nowhere but to the web", async () => {
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    handlers.answer("oauth-connect-url", { data: { authUrl: "javascript:alert(1)" } });
    expect(await doing(() => state.connect("google"))).toBe(false);
    expect(state).toMatchObject({ pending: null, error: { code: "invalid_response", action: "connect" } });
    expect(assign).not.toHaveBeenCalled();
  });

  it("sync brings the provider's accounts up to date, and leaves the others", async () => {
    const renamed = account({ email: "a@gmail.example" });
    handlers.answer("sync-credentials", { data: { connected: true, calendars: [renamed] } });
    expect(await doing(() => state.sync("google"))).toBe(true);
    expect(handlers.seen[0]?.body).toEqual({ calendarType: "google" });
    expect(state).toMatchObject({ calendars: [renamed], result: { action: "sync" } });
  });

  it("sync finds a connection broken that the list shows as good", async () => {
    const answer = { connected: false, reason: "invalid_credentials", calendars: [account()] };
    handlers.answer("sync-credentials", { data: answer });
    expect(await doing(() => state.sync("google"))).toBe(false);
    expect(state).toMatchObject({
      status: "broken",
      error: { code: "invalid_credentials", provider: "google" },
    });

    handlers.answer("sync-credentials", { error: "not_connected" });
    await doing(() => state.sync("office365"));
    expect(state.status, "not forgotten at what is done next").toBe("broken");
  });

  it("a refused password says nothing of what is connected", async () => {
    handlers.answer("apple-credentials", { error: "invalid_credentials" });
    await doing(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    expect(state).toMatchObject({ status: "connected", error: { code: "invalid_credentials" } });
  });

  it("disconnect takes one account, or all of the provider's", async () => {
    const all = [
      account(),
      account({ credentialId: 8 }),
      account({ calendarType: "apple", credentialId: 9 }),
    ];
    handlers.answer("status", status(...all));
    await doing(() => state.reload());
    handlers.answer("disconnect", { data: {} }, { data: {} });
    await doing(() => state.disconnect("google", { credentialId: 8 }));
    expect(state.result).toMatchObject({
      action: "disconnect",
      credentialId: 8,
      account: "alice@gmail.example",
    });
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
    await doing(() => state.disconnect("google"));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([9]);
    expect(handlers.seen.slice(1).map(({ body }) => body)).toEqual([
      { calendarType: "google", credentialId: 8 },
      { calendarType: "google" },
    ]);
  });

  it("connectApple shows the account before Cal.com lists it, and then as it is listed", async () => {
    vi.useFakeTimers();
    handlers.answer("apple-credentials", { error: "invalid_credentials" }, { data: { connected: true } });
    const credentials = { username: "dave@icloud.example", password: "secret" };
    expect(await doing(() => state.connectApple(credentials))).toBe(false);
    expect(state.error).toMatchObject({ code: "invalid_credentials", provider: "apple" });
    expect(await doing(() => state.connectApple(credentials))).toBe(true);
    expect(state.calendars.map(({ calendarType, credentialId }) => [calendarType, credentialId])).toEqual([
      ["google", 7],
      ["apple", 0],
    ]);
    expect(JSON.stringify(state)).not.toContain("secret");

    handlers.answer(
      "status",
      status(account()),
      status(account(), account({ calendarType: "apple", credentialId: 9 })),
    );
    await doing(() => state.reload());
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 0]);
    await doing(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
  });

  it("connectApple has its account listed although something else fails meanwhile", async () => {
    vi.useFakeTimers();
    handlers.answer("apple-credentials", { data: { connected: true } });
    await doing(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    handlers.answer("sync-credentials", { error: "unavailable" });
    await doing(() => state.sync("google"));
    handlers.answer("status", status(account(), account({ calendarType: "apple", credentialId: 9 })));
    await doing(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
    expect(state.error, "is told until something is done").toMatchObject({
      action: "sync",
      provider: "google",
    });
  });

  it("connectApple has its account listed although the page is asked to load just before", async () => {
    vi.useFakeTimers();
    handlers.answer("apple-credentials", { data: { connected: true } });
    await doing(() => state.connectApple({ username: "dave@icloud.example", password: "secret" }));
    let arrive: (answer: { data: object }) => void = () => undefined;
    handlers.answer("status", new Promise((resolve) => (arrive = resolve)));
    await doing(() => void state.reload());
    await doing(() => vi.advanceTimersByTime(11_000));
    await doing(() => arrive(status(account())));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 0]);
    handlers.answer("status", status(account(), account({ calendarType: "apple", credentialId: 9 })));
    await doing(() => vi.advanceTimersByTime(11_000));
    expect(state.calendars.map(({ credentialId }) => credentialId)).toEqual([7, 9]);
  });

  it("disconnect of an account that isn't listed yet does not end the others", async () => {
    handlers.answer("disconnect", { error: "invalid_input" });
    await doing(() => state.disconnect("apple", { credentialId: 0 }));
    expect(handlers.seen.at(-1)?.body).toEqual({ calendarType: "apple", credentialId: 0 });
  });

  it("a failure is not forgotten when the list comes in that was asked for before", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now() + 12_000);
    let arrive: (answer: { data: object }) => void = () => undefined;
    handlers.answer("status", new Promise((resolve) => (arrive = resolve)));
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    handlers.answer("sync-credentials", { error: "unavailable" });
    await doing(() => state.sync("google"));
    await doing(() => arrive(status(account({ name: "Google" }))));
    expect(state).toMatchObject({
      calendars: [{ name: "Google" }],
      error: { action: "sync", code: "unavailable" },
    });
  });

  it("what a check has found broken stays so when the user comes back to the tab, and the rest is brought up to date", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    handlers.answer("sync-credentials", {
      data: { connected: false, reason: "revoked", calendars: [account()] },
    });
    await doing(() => state.sync("google"));
    vi.setSystemTime(Date.now() + 12_000);
    const outlook = account({ calendarType: "office365", credentialId: 8 });
    handlers.answer("status", status(account(), outlook));
    await doing(() => document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
    expect(state.calendars).toEqual([account({ connected: false }), outlook]);
    expect(state.error).toMatchObject({ code: "revoked" });
  });
});
