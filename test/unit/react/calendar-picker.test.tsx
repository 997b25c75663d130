// @vitest-environment happy-dom
import type { ReactNode } from "react";
import { beforeEach, expect, test } from "vitest";
import {
  CalendarIntegration,
  CalendarPicker,
  useCalendarIntegration,
  type Connection,
} from "../../../src/react/index.js";
import { calendar, connection, fakeHandlers, type FakeHandlers } from "../../support/fake-handlers.js";
import { perform, render } from "../../support/render.js";

let handlers: FakeHandlers;
beforeEach(() => {
  handlers = fakeHandlers();
  history.replaceState(null, "", "/settings");
});

const account = (team: Partial<Connection["calendars"][number]> = {}) =>
  connection({
    calendars: [calendar(team), calendar({ externalId: "home", name: "Home", isDestination: true })],
  });
const show = (...calendars: Connection[]) =>
  render(<CalendarIntegration fetch={handlers.fetch} initialStatus={{ calendars }} />);
const checkbox = (page: Element) => page.querySelector<HTMLInputElement>("input[type=checkbox]")!;
const alerts = (page: Element) =>
  [...page.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent).filter(Boolean);
// Not `selectedOptions`, which happy-dom does not keep up to date.
const chosenIn = (select: HTMLSelectElement) => [...select.options].find(({ selected }) => selected)?.text;
const team = { credentialId: 7, integration: "google_calendar", externalId: "team" };

test("a calendar is checked for conflicts or not, shown before the handlers have responded", async () => {
  let deliver: (response: { data: unknown }) => void = () => undefined;
  handlers.respond("select", new Promise((resolve) => (deliver = resolve)));
  const page = await show(account());
  await perform(() => checkbox(page).click());
  expect(checkbox(page).checked).toBe(false);
  expect(handlers.seen).toEqual([{ url: "/api/cal/calendars/select", body: { ...team, isSelected: false } }]);
  await perform(() => deliver({ data: { calendars: [account({ isSelected: false })] } }));
  expect(checkbox(page).checked).toBe(false);
  expect(alerts(page)).toEqual([]);
});

test("a refused change is undone, and its message is beside the calendar only", async () => {
  handlers.respond("select", { error: "unavailable" });
  const page = await show(account());
  await perform(() => checkbox(page).click());
  expect(checkbox(page).checked).toBe(true);
  expect(alerts(page)).toEqual(["The calendar service can’t be reached. Try again in a moment."]);
  expect(checkbox(page).closest("li")?.textContent).toContain("can’t be reached");
});

test("a new destination is sent and announced; a refused one is undone with a message", async () => {
  const page = await show(account());
  const select = page.querySelector("select")!;
  const choose = (name: string) =>
    perform(() => {
      select.value = [...select.options].find(({ text }) => text === name)!.value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      select.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
    });
  handlers.respond("destination", { error: "not_found" });
  await choose("Team");
  expect(handlers.seen).toEqual([{ url: "/api/cal/calendars/destination", body: team }]);
  expect(chosenIn(select)).toBe("Home");
  expect(alerts(page)).toHaveLength(1);

  const [google] = [account()];
  const moved = google.calendars.map((one) => ({ ...one, isDestination: one.externalId === "team" }));
  handlers.respond("destination", { data: { calendars: [{ ...google, calendars: moved }] } });
  await choose("Team");
  expect(chosenIn(select)).toBe("Team");
  expect(alerts(page)).toEqual([]);
  expect(page.querySelector(".calbridge-destination [role=status]")?.textContent).toBe(
    "New bookings go to Team.",
  );
});

test("the picker can stand alone", async () => {
  function Page(): ReactNode {
    const integration = useCalendarIntegration({
      fetch: handlers.fetch,
      initialStatus: { calendars: [account()] },
    });
    return <CalendarPicker integration={integration} texts={{ conflicts: "Konflikte" }} headingLevel={2} />;
  }
  const page = await render(<Page />);
  expect(page.querySelector("h2")?.textContent).toBe("Konflikte");
  expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(2);
  expect(page.querySelector("[data-provider]")).toBeNull();
});

test("without a calendar to choose there is no picker", async () => {
  const page = await show(connection({ connected: false, calendars: [] }));
  expect(page.querySelector(".calbridge-picker")).toBeNull();
});
