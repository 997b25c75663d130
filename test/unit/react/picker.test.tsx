// @vitest-environment happy-dom
import { useState, type ReactNode } from "react";
import { beforeEach, afterEach, describe, expect, test, vi } from "vitest";
import { Picker } from "../../../src/react/picker.js";
import { defaultTexts } from "../../../src/react/default-texts.js";
import type {
  CalendarId,
  CalendarIntegrationError,
  Connection,
  ConnectionCalendar,
} from "../../../src/browser/index.js";
import type { Ui } from "../../../src/react/parts.js";
import { calendar as plainCalendar, connection } from "../../support/fake-handlers.js";
import { leave, perform, render } from "../../support/render.js";

const ui = {
  texts: defaultTexts,
  render: {},
  heading: "h3",
  classOf: (part: string) => `calbridge-${part}`,
} as unknown as Ui;

const calendar = (name: string, given: Partial<ConnectionCalendar> = {}) =>
  plainCalendar({ externalId: name, name, ...given });
const changes: unknown[] = [];
let accepts = true;
let error: CalendarIntegrationError | null = null;

beforeEach(() => {
  vi.useFakeTimers();
  changes.length = 0;
  accepts = true;
  error = null;
});
afterEach(() => vi.useRealTimers());

function Page({ connections }: { connections: Connection[] }): ReactNode {
  const [list, setList] = useState(connections);
  const change = (
    { credentialId, externalId }: { credentialId: number; externalId: string },
    given: object,
    others: object = {},
  ): void =>
    setList(
      list.map((one) => ({
        ...one,
        calendars: one.calendars.map((calendar) => ({
          ...calendar,
          ...(one.credentialId === credentialId && calendar.externalId === externalId ? given : others),
        })),
      })),
    );
  const integration = {
    calendars: list,
    error,
    selectCalendar(calendar: CalendarId, isSelected: boolean) {
      changes.push({ ...calendar, isSelected });
      change(calendar, { isSelected });
    },
    setDestination(calendar: CalendarId) {
      changes.push(calendar);
      if (accepts) change(calendar, { isDestination: true }, { isDestination: false });
      return Promise.resolve(accepts);
    },
  };
  return <Picker ui={{ ...ui, integration } as unknown as Ui} />;
}

const work = connection({
  credentialId: 7,
  email: "alice@work.example",
  calendars: [
    calendar("Team"),
    calendar("Private", { isSelected: false }),
    calendar("Holidays", { readOnly: true }),
  ],
});
const home = connection({ credentialId: 8, email: "alice@home.example", calendars: [calendar("Family")] });
const many = Array.from({ length: 30 }, (_, account) =>
  connection({
    credentialId: account + 1,
    email: `account-${account}@work.example`,
    calendars: Array.from({ length: 34 }, (_, index) => calendar(`Room ${account}.${index}`)),
  }),
);

const show = (...connections: Connection[]) => render(<Page connections={connections} />);
const box = (page: Element, name: string): HTMLInputElement => {
  const label = [...page.querySelectorAll("label")].find(({ textContent }) => textContent.trim() === name);
  return label!.querySelector("input")!;
};
const select = (page: Element): HTMLSelectElement => page.querySelector("select")!;
// Not `selectedOptions`, which happy-dom does not keep up to date.
const chosenIn = (page: Element) => [...select(page).options].find(({ selected }) => selected)?.text;
async function choose(page: Element, name: string): Promise<void> {
  const option = [...page.querySelectorAll("option")].find(({ textContent }) => textContent === name)!;
  await perform(() => {
    select(page).value = option.value;
    select(page).dispatchEvent(new Event("change", { bubbles: true }));
  });
}
const type = (page: Element, text: string): Promise<void> =>
  perform(() => {
    const field = page.querySelector<HTMLInputElement>("input[type=search]")!;
    // React watches the property itself, as a browser's typing does not set it.
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")!.set!.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
const labelled = (element: Element): string =>
  (element.getAttribute("aria-labelledby") ?? "")
    .split(" ")
    .map((id) => document.getElementById(id)?.textContent)
    .join(" ");

describe("the calendars that are checked for conflicts", () => {
  test("are checkboxes in a group for each account, named after it", async () => {
    const page = await show(work, home);
    expect([...page.querySelectorAll("details ul")].map(labelled)).toEqual([
      "Checked for conflicts alice@work.example",
      "Checked for conflicts alice@home.example",
    ]);
    expect(page.querySelector("summary")?.textContent).toBe("alice@work.example 2 of 3");
    expect(box(page, "Team").checked).toBe(true);
    expect(box(page, "Private").checked).toBe(false);
  });

  test("change at once, and say which calendar of which account", async () => {
    const page = await show(work, home);
    await perform(() => box(page, "Private").click());
    await perform(() => box(page, "Family").click());
    expect(changes).toEqual([
      { credentialId: 7, integration: "google_calendar", externalId: "Private", isSelected: true },
      { credentialId: 8, integration: "google_calendar", externalId: "Family", isSelected: false },
    ]);
    expect(box(page, "Private").checked).toBe(true);
    expect(page.querySelector("summary")?.textContent).toContain("3 of 3");
  });

  test("whose id is secret are shown and can't be changed", async () => {
    const feed = connection({
      email: null,
      name: "ICS feed",
      calendars: [calendar("", { externalId: null, name: null })],
    });
    const page = await show(feed);
    expect(box(page, "ICS feed").disabled).toBe(true);
  });

  test("of an account that can't be read are left out", async () => {
    const page = await show(home, connection({ connected: false, calendars: [] }));
    expect(page.querySelectorAll("details")).toHaveLength(1);
  });
});

describe("with 30 accounts and 1,020 calendars", () => {
  test("the accounts are closed, and a closed one has no checkboxes in the page", async () => {
    const page = await show(...many);
    expect(page.querySelectorAll("details")).toHaveLength(30);
    expect(page.querySelectorAll("details[open]")).toHaveLength(0);
    expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(0);
  });

  test("the user opens one", async () => {
    const page = await show(...many);
    const details = page.querySelectorAll("details")[3]!;
    await perform(() => {
      details.open = true;
      details.dispatchEvent(new Event("toggle"));
    });
    expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(34);
  });

  test("a field finds calendars, opens their accounts, and says how many there are", async () => {
    const page = await show(...many);
    await type(page, "room 17.3");
    expect(page.querySelector('p[role="status"]')?.textContent).toBe("Calendars found: 5");
    expect(page.querySelectorAll("details")).toHaveLength(1);
    expect(page.querySelectorAll("input[type=checkbox]")).toHaveLength(5);
    expect(page.querySelector("summary")?.textContent, "of the account, not of the found").toContain(
      "34 of 34",
    );
    await perform(() => box(page, "Room 17.31").click());
    expect(changes).toMatchObject([{ externalId: "Room 17.31", isSelected: false }]);
    await type(page, "");
    expect(page.querySelectorAll("details")).toHaveLength(30);
    expect(page.querySelector('p[role="status"]')?.textContent).toBe("");
  });

  test("with few calendars there is no such field, and the accounts are open", async () => {
    const page = await show(work, home);
    expect(page.querySelector("input[type=search]")).toBeNull();
    expect(page.querySelectorAll("details[open]")).toHaveLength(2);
  });
});

describe("the calendar that bookings go to", () => {
  const destination = calendar("Family", { isDestination: true });
  const homeWithDestination = { ...home, calendars: [destination] };

  test("is chosen among all accounts' calendars; read-only ones can't be", async () => {
    const page = await show(work, homeWithDestination);
    expect([...page.querySelectorAll("optgroup")].map(({ label }) => label)).toEqual([
      "alice@work.example",
      "alice@home.example",
    ]);
    expect(chosenIn(page)).toBe("Family");
    const options = [...page.querySelectorAll("option")];
    expect(options.map(({ textContent, disabled }) => [textContent, disabled])).toEqual([
      ["Team", false],
      ["Private", false],
      ["Holidays (read-only)", true],
      ["Family", false],
    ]);
    expect(page.querySelector("label")?.htmlFor).toBe(select(page).id);
  });

  test("is changed once the user has stopped at one: arrow keys pass through the others", async () => {
    const page = await show(work, homeWithDestination);
    await choose(page, "Private");
    await choose(page, "Team");
    expect(changes).toEqual([]);
    expect(chosenIn(page)).toBe("Team");
    await perform(() => vi.advanceTimersByTime(700));
    expect(changes).toEqual([{ credentialId: 7, integration: "google_calendar", externalId: "Team" }]);
    expect(page.querySelector('div[role="status"]')?.textContent).toBe("New bookings go to Team.");
  });

  test("is changed at once when the user moves on, and when the page is left", async () => {
    const page = await show(work, homeWithDestination);
    await choose(page, "Private");
    await perform(() => select(page).dispatchEvent(new FocusEvent("focusout", { bubbles: true })));
    expect(changes).toHaveLength(1);
    await choose(page, "Team");
    leave();
    expect(changes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(changes).toHaveLength(2);
  });

  test("is not sent again if the user returns to it", async () => {
    const page = await show(work, homeWithDestination);
    await choose(page, "Team");
    await choose(page, "Family");
    await perform(() => vi.advanceTimersByTime(700));
    expect(changes).toEqual([]);
  });

  test("is taken back if Cal.com refuses it", async () => {
    accepts = false;
    const page = await show(work, homeWithDestination);
    await choose(page, "Team");
    await perform(() => vi.advanceTimersByTime(700));
    expect(chosenIn(page)).toBe("Family");
    expect(page.querySelector('div[role="status"]')?.textContent).toBe("");
  });

  test("that is not chosen yet is asked for", async () => {
    const page = await show(work, home);
    expect(chosenIn(page)).toBe("Choose a calendar");
    await choose(page, "Family");
    await perform(() => vi.advanceTimersByTime(700));
    expect(page.textContent).not.toContain("Choose a calendar");
  });
});

describe("a change that Cal.com refuses", () => {
  const text = "Bookings can’t be written to this calendar. Choose another one.";
  const code = "read_only_calendar";
  const reference = { credentialId: 7, integration: "google_calendar", externalId: "Private" };
  const alerts = (page: Element) =>
    [...page.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent);

  test("of the destination is shown below it, in a region that screen readers read at once", async () => {
    const page = await show(work, home);
    expect(alerts(page)).toEqual([""]);
    const region = page.querySelector('[role="alert"]');
    error = { action: "setDestination", calendar: reference, code };
    await perform(() => box(page, "Family").click());
    expect(alerts(page)).toEqual([text]);
    expect(page.querySelector('[role="alert"]')).toBe(region);
    expect(region?.parentElement?.className).toBe("calbridge-destination");
  });

  test("of a conflict calendar is shown beside that one", async () => {
    const page = await show(work, home);
    error = { action: "selectCalendar", calendar: reference, code };
    await perform(() => box(page, "Family").click());
    expect(alerts(page)).toEqual(["", text]);
    expect(box(page, "Private").closest("li")?.textContent).toContain(text);
  });

  test("of one of two administrators' accounts is shown beside that one, though the calendars have one address", async () => {
    const delegated = { credentialId: -1, delegated: true, calendars: [calendar("ada@work.example")] };
    const office = { calendarType: "office365", integration: "office365_calendar", ...delegated };
    const page = await show(connection(delegated), connection(office));
    error = {
      action: "selectCalendar",
      calendar: { credentialId: -1, integration: "office365_calendar", externalId: "ada@work.example" },
      code,
    };
    await perform(() => box(page, "ada@work.example").click());
    const told = [...page.querySelectorAll("details")].map(({ textContent }) => textContent.includes(text));
    expect(told).toEqual([false, true]);
  });
});
