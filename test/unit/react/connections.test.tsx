// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalendarIntegration, type CalendarIntegrationStatus } from "../../../src/react/index.js";
import { connection, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { buttonOf, hydrate, perform, render } from "../../support/render.js";

let handlers: FakeHandlers;

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});
afterEach(() => vi.useRealTimers());

const show = (...calendars: CalendarIntegrationStatus["calendars"]) =>
  render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
const cardOf = (page: Element, provider: string) => page.querySelector(`[data-provider="${provider}"]`)!;
const texts = (page: Element) =>
  [...page.querySelectorAll(".calbridge-connection")].map(({ textContent }) => textContent);

describe("a connection that doesn't work", () => {
  test.each([
    ["revoked", "no longer gives access"],
    ["invalid_credentials", "no longer gives access"],
    ["unavailable", "disconnect it and connect it again"],
    ["provider_error", "disconnect it and connect it again"],
    ["not_permitted", "went wrong"],
  ] as const)("says why: %s", async (reason, text) => {
    const broken = connection({ credentialId: 8, email: null, connected: false, reason, calendars: [] });
    expect(texts(await show(connection(), broken))[1]).toContain(text);
  });

  test("is found by a check: the other account of the provider stays connected", async () => {
    const broken = {
      credentialId: 8,
      email: null,
      connected: false,
      reason: "revoked",
      calendars: [],
    } as const;
    const page = await show(connection(), connection({ credentialId: 8 }));
    const calendars = [connection(), connection({ ...broken, calendars: [] })];
    handlers.respond("sync-credentials", { data: { connected: false, reason: "revoked", calendars } });
    await perform(() => buttonOf("Check now").click());
    expect(page.textContent).toContain("no longer gives access");
    expect(texts(page)[0]).toBe("alice@gmail.exampleConnectedDisconnect");
  });
});

test("delegated accounts are shown, each with its address, and have no button to disconnect them", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const delegated = { credentialId: -1, delegated: true };
  const page = await show(
    connection(delegated),
    connection({ ...delegated, email: "team@gmail.example" }),
    connection(),
  );
  expect(cardOf(page, "google").querySelectorAll('[id$="-disconnect"]')).toHaveLength(1);
  expect(texts(page)[1]).toContain("team@gmail.example");
  const ids = [...page.querySelectorAll("[id]")].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(errors, "React's warnings").not.toHaveBeenCalled();
});

describe("several accounts of a provider", () => {
  const broken = connection({
    credentialId: 8,
    email: "carol@gmail.example",
    connected: false,
    reason: "revoked",
    since: "2026-11-03T09:30:00.000Z",
    calendars: [],
  });
  const labelOf = (button: Element): string =>
    (button.getAttribute("aria-labelledby") ?? "")
      .split(" ")
      .map((id) => document.getElementById(id)?.textContent)
      .join(" ");
  const buttons = (page: Element) =>
    [...cardOf(page, "google").querySelectorAll("button[aria-labelledby]")].map(labelOf);

  test("each account has its own state and buttons, and says since when it does not work", async () => {
    const page = await show(connection(), broken);
    expect(texts(page)[0]).toBe("alice@gmail.exampleConnectedDisconnect");
    expect(texts(page)[1]).toMatch(/^carol@gmail\.exampleNeeds reconnectingNot working since .*2026\./);
    expect(page.querySelector("time")?.dateTime).toBe("2026-11-03T09:30:00.000Z");
    expect(buttons(page)).toEqual([
      "Check now Google Calendar",
      "Disconnect alice@gmail.example",
      "Reconnect carol@gmail.example",
      "Disconnect carol@gmail.example",
      "Add another account Google Calendar",
    ]);
  });

  test("what to do with a broken account stays while an error is about something else", async () => {
    handlers.respond("oauth-connect-url", { error: "rate_limited" });
    const page = await show(connection(), broken);
    await perform(() => buttonOf("Add another account", page).click());
    expect(cardOf(page, "google").querySelector('[role="alert"]')?.textContent).toContain("can’t be reached");
    expect(texts(page)[1]).toContain("no longer gives access. Reconnect it.");
  });

  test("an error that says the same is not shown twice", async () => {
    const revoked = { ...broken, credentialId: 7 };
    handlers.respond("sync-credentials", {
      data: { connected: false, reason: "revoked", calendars: [revoked] },
    });
    const page = await show(connection());
    await perform(() => buttonOf("Check now", page).click());
    expect(page.textContent.match(/no longer gives access/g)).toHaveLength(1);
  });

  test("the date is in the language of the page, and not in the server's", async () => {
    document.documentElement.lang = "de";
    try {
      const props = { fetch: handlers.fetch, initialStatus: { calendars: [broken] } };
      const { html, errors } = await hydrate(<CalendarIntegration {...props} />);
      expect(html).not.toContain("<time");
      expect(errors).toEqual([]);
      expect(document.querySelector("time")?.textContent).toBe("3. November 2026");
      document.documentElement.lang = "not a language";
      const page = await show(broken);
      expect(page.querySelector("time")?.textContent).toContain("2026");
    } finally {
      document.documentElement.lang = "";
    }
  });

  test("reconnecting asks for that account, adding for another one", async () => {
    vi.spyOn(location, "assign").mockImplementation(() => undefined);
    const authUrl = "https://accounts.google.example/";
    handlers.respond("oauth-connect-url", { error: "unavailable" }, { data: { authUrl } });
    const page = await show(connection(), broken);
    await perform(() => buttonOf("Reconnect", page).click());
    expect(handlers.seen.at(-1)?.url).toContain("type=google&reconnect=8");
    await perform(() => buttonOf("Add another account", page).click());
    expect(handlers.seen.at(-1)?.url).toContain("type=google&select=1");
    const pending = [...page.querySelectorAll('button[aria-busy="true"]')];
    expect(pending.map(({ id }) => id.replace(/.*-/, ""))).toEqual(["another"]);
    expect(cardOf(page, "google").getAttribute("data-state")).toBe("connecting");
  });

  test("a provider without an account has only Connect, and Apple's form serves to reconnect and to add", async () => {
    const apple = connection({ ...broken, calendarType: "apple", credentialId: 9 });
    const page = await show(apple);
    expect(buttons(page)).toEqual(["Connect Google Calendar"]);
    await perform(() => buttonOf("Reconnect", cardOf(page, "apple")).click());
    expect(page.querySelectorAll("form")).toHaveLength(1);
    await perform(() => buttonOf("Cancel", page.querySelector("form")!).click());
    await perform(() => buttonOf("Add another account", cardOf(page, "apple")).click());
    expect(page.querySelectorAll("form")).toHaveLength(1);
  });

  test("with a picker on the page the accounts don't list their calendars; without one they do", async () => {
    expect(texts(await show(connection()))[0]).not.toContain("Team");
    const page = await render(
      <CalendarIntegration
        fetch={handlers.fetch}
        initialStatus={{ calendars: [connection()] }}
        picker={false}
      />,
    );
    expect(texts(page)[0]).toContain("Team");
    expect(page.querySelector("select")).toBeNull();
  });
});

describe("Apple", () => {
  test("that can't be read is not shown as connected after a new password", async () => {
    const apple = { calendarType: "apple", credentialId: 9, connected: false, calendars: [] };
    const page = await show(connection({ ...apple, reason: "unavailable" }));
    await perform(() => buttonOf("Reconnect").click());
    const [username, password] = [...page.querySelectorAll("form input")] as HTMLInputElement[];
    Object.assign(username!, { value: "dave@icloud.example" });
    Object.assign(password!, { value: "good-app-pass" });
    handlers.respond("apple-credentials", { data: { connected: false, reason: "unavailable" } });
    await perform(() => page.querySelector("form")!.requestSubmit());
    expect(cardOf(page, "apple").getAttribute("data-state")).toBe("broken");
    expect(cardOf(page, "apple").querySelector('[role="alert"]')?.textContent).toBeTruthy();
  });

  test("that the server says is not listed yet is loaded again when it is", async () => {
    vi.useFakeTimers();
    const page = await show(
      connection({ calendarType: "apple", credentialId: 0, email: null, calendars: [] }),
    );
    handlers.respond("status", status(connection({ calendarType: "apple", email: "dave@icloud.example" })));
    await perform(() => vi.advanceTimersByTime(11_000));
    expect(page.textContent).toContain("dave@icloud.example");
  });
});

describe("the address that a callback leads to", () => {
  test("says that what was connected could not be removed", async () => {
    const query = "calendarType=google&connected=false&reason=wrong_user&rollBack=pending";
    history.replaceState(null, "", `/settings?${query}`);
    expect((await show()).textContent).toMatch(/Remove Cal\.com.s access in your Google Calendar account/);
    expect(location.search).toBe("");
  });

  test("names both reasons why nothing may be new", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=false&reason=not_connected");
    expect((await show(connection())).textContent).toContain(
      "Try again and allow access, unless this account is connected already.",
    );
  });

  test("asks for one more try after a revoked connection was removed", async () => {
    history.replaceState(null, "", "/settings?calendarType=google&connected=false&reason=try_again");
    expect((await show()).textContent).toContain("Connect Google Calendar once more.");
  });
});
