// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CalendarIntegration, type CalAccountView, type LinkedCalAccount } from "../../../src/react/index.js";
import { connection, fakeHandlers, status, type FakeHandlers } from "../../support/fake-handlers.js";
import { buttonOf, perform, render } from "../../support/render.js";

let handlers: FakeHandlers;

beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
  vi.spyOn(location, "assign").mockImplementation(() => undefined);
});

const ada: LinkedCalAccount = {
  grant: "oauth",
  email: "ada@cal.example",
  linkedAt: "2026-10-01T00:00:00Z",
  expiresAt: null,
  missingScopes: [],
  reauthorization: null,
};
const show = async (calAccount: CalAccountView | null, linkable = true) =>
  render(
    <CalendarIntegration
      fetch={handlers.fetch}
      initialStatus={{ calendars: [connection()], calAccount, linkable }}
    />,
  );
const rowOf = (page: Element) => page.querySelector<HTMLElement>('[data-provider="cal"]')!;
const buttons = (page: Element) =>
  [...rowOf(page).querySelectorAll("button")]
    .filter((button) => !button.closest("dialog"))
    .map(({ textContent }) => textContent);

describe("the user's own Cal.com account", () => {
  test("has no row if users can't link one", async () => {
    expect(rowOf(await show(null, false))).toBeNull();
    expect(rowOf(await show({ grant: "managed" }, false))).toBeNull();
  });

  test.each([null, { grant: "managed" } as const])("can be linked by a user with %j", async (account) => {
    const page = await show(account);
    expect(rowOf(page).getAttribute("data-state")).toBe("disconnected");
    handlers.respond("authorize-url", { data: { authUrl: "https://app.cal.example/" } });
    await perform(() => buttonOf("Link", rowOf(page)).click());
    expect(location.assign).toHaveBeenCalledWith("https://app.cal.example/");
    expect(rowOf(page).getAttribute("data-state")).toBe("connecting");
  });

  test("says as whom it is linked", async () => {
    const page = await show(ada);
    expect(rowOf(page).textContent).toContain("Linked as ada@cal.example");
    expect(buttons(page)).toEqual(["Unlink"]);
  });

  test("is linked again by the date until which calendars can be read", async () => {
    const reauthorization = {
      reason: "revoked",
      since: "2026-11-01T00:00:00Z",
      worksUntil: "2026-12-24T12:00:00Z",
    } as const;
    const page = await show({ ...ada, reauthorization });
    expect(rowOf(page).getAttribute("data-state")).toBe("broken");
    expect(rowOf(page).textContent).toContain("ada@cal.example");
    expect(rowOf(page).querySelector("time")?.dateTime).toBe("2026-12-24T12:00:00Z");
    expect(rowOf(page).textContent).toMatch(/by .*24.*Your calendars can be read until then\./);
    expect(buttons(page)).toEqual(["Link again", "Unlink"]);

    const ended = await show({ ...ada, reauthorization: { ...reauthorization, worksUntil: null } });
    expect(rowOf(ended).textContent).toContain("your calendars can’t be read until then");
    expect(rowOf(ended).querySelector("time")).toBeNull();
  });

  test("names the permissions that are missing", async () => {
    const page = await show({ ...ada, missingScopes: ["APPS_READ", "APPS_WRITE"] });
    expect(rowOf(page).textContent).toContain("Missing: APPS_READ, APPS_WRITE.");
    expect(buttons(page)).toEqual(["Link again", "Unlink"]);
  });

  test("is unlinked after a confirmation only", async () => {
    handlers.respond("unlink", { data: { unlinked: true } });
    handlers.respond("status", { data: { calendars: [], calAccount: null, linkable: true } });
    const page = await show(ada);
    const dialog = () => rowOf(page).querySelector("dialog")!;
    await perform(() => buttonOf("Unlink", rowOf(page)).click());
    expect(dialog().open).toBe(true);
    expect(dialog().textContent).toContain("Unlink ada@cal.example?");
    await perform(() => buttonOf("Cancel", dialog()).click());
    expect(dialog()).toBeNull();
    expect(handlers.seen).toEqual([]);

    await perform(() => buttonOf("Unlink", rowOf(page)).click());
    await perform(() => buttonOf("Unlink", dialog()).click());
    expect(handlers.seen[0]).toEqual({ url: "/api/cal/oauth/unlink", body: {} });
    expect(page.querySelector('[role="status"]')?.textContent).toBe("Your Cal.com account is unlinked.");
    expect(rowOf(page).getAttribute("data-state")).toBe("disconnected");
    expect(buttons(page)).toEqual(["Link"]);
  });

  test.each([
    ["different_cal_account", ada, "replace=1", "in place of ada@cal.example"],
    ["cal_account_in_use", null, "takeOver=1", "Its link to the other user ends."],
  ] as const)(
    "after %s it is linked anyway after a confirmation only",
    async (reason, account, query, text) => {
      history.replaceState(null, "", `/settings?calAccount=error&reason=${reason}`);
      const page = await show(account);
      expect(location.search).toBe("");
      expect(rowOf(page).querySelector('[role="alert"]')?.textContent).toContain("Nothing was changed.");

      await perform(() => buttonOf("Link anyway", rowOf(page)).click());
      const dialog = rowOf(page).querySelector("dialog")!;
      expect(dialog.textContent).toContain(text);
      expect(handlers.seen).toEqual([]);
      handlers.respond("authorize-url", { data: { authUrl: "https://app.cal.example/" } });
      await perform(() => buttonOf("Link anyway", dialog).click());
      expect(handlers.seen[0]?.url).toBe(`/api/cal/oauth/authorize-url?${query}`);
    },
  );

  test("that another user has linked, in place of the linked one: both are confirmed at once, and sent", async () => {
    history.replaceState(null, "", "/settings?calAccount=error&reason=cal_account_in_use");
    const page = await show(ada);
    await perform(() => buttonOf("Link anyway", rowOf(page)).click());
    const dialog = rowOf(page).querySelector("dialog")!;
    expect(dialog.textContent).toContain("in place of ada@cal.example? ");
    expect(dialog.textContent).toContain("Its link to the other user ends.");
    handlers.respond("authorize-url", { data: { authUrl: "https://app.cal.example/" } });
    await perform(() => buttonOf("Link anyway", dialog).click());
    expect(handlers.seen[0]?.url).toBe("/api/cal/oauth/authorize-url?replace=1&takeOver=1");
  });

  test("is announced as linked only if the status says so", async () => {
    history.replaceState(null, "", "/settings?calAccount=linked");
    const page = await show(ada);
    expect(page.querySelector('[role="status"]')?.textContent).toBe("Your Cal.com account is linked.");
    history.replaceState(null, "", "/settings?calAccount=linked");
    const other = await show(null);
    expect(rowOf(other).querySelector('[role="alert"]')?.textContent).toContain("Nothing new was connected");
  });

  test("that failed to be linked has its message in its row, not in a provider's card", async () => {
    const address = "/settings?calAccount=error&reason=access_denied&calendarType=google&connected=false";
    history.replaceState(null, "", address);
    const page = await show(null);
    const alerts = [...page.querySelectorAll('[role="alert"]')].filter(({ textContent }) => textContent);
    expect(alerts.map((alert) => alert.closest("[data-provider]")?.getAttribute("data-provider"))).toEqual([
      "cal",
    ]);
  });

  test("keeps its place while the status is loaded, if the page asks for it", async () => {
    let deliver: (response: { data: object }) => void = () => undefined;
    handlers.respond("status", new Promise((resolve) => (deliver = resolve)));
    const page = await render(<CalendarIntegration fetch={handlers.fetch} calAccount />);
    expect(rowOf(page).textContent).toContain("One moment…");
    expect(buttons(page)).toEqual([]);
    await perform(() => deliver({ data: { ...status().data, calAccount: ada, linkable: true } }));
    expect(rowOf(page).textContent).toContain("Linked as ada@cal.example");
  });
});
