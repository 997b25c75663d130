import { describe, expect, test } from "vitest";
import { choicesMatching, countOf, groupsOf } from "../../../src/react/calendar-choices.js";
import { calendar as plainCalendar, connection } from "../../support/fake-handlers.js";

const calendar = (name: string, given: Parameters<typeof plainCalendar>[0] = {}) =>
  plainCalendar({ externalId: name, name, ...given });
const work = connection({
  credentialId: 7,
  email: "alice@work.example",
  calendars: [calendar("Team"), calendar("Übung"), calendar("Holidays", { readOnly: true })],
});
const home = connection({ credentialId: 8, email: "alice@home.example", calendars: [calendar("Team")] });

describe("the calendars to choose from", () => {
  test("are grouped by account; an account that can't be read has none", () => {
    const broken = connection({ credentialId: 9, connected: false, calendars: [] });
    const groups = groupsOf([work, broken, home]);
    expect(groups.map(({ label, choices }) => [label, ...choices.map(({ name }) => name)])).toEqual([
      ["alice@work.example", "Team", "Übung", "Holidays"],
      ["alice@home.example", "Team"],
    ]);
    expect(countOf(groups)).toBe(4);
  });

  test("a calendar that two accounts share is a choice of each of them", () => {
    const groups = groupsOf([work, home]);
    expect(groups.map(({ choices }) => choices[0]?.reference)).toEqual([
      { credentialId: 7, integration: "google_calendar", externalId: "Team" },
      { credentialId: 8, integration: "google_calendar", externalId: "Team" },
    ]);
    const keys = groups.flatMap(({ choices }) => choices.map(({ key }) => key));
    expect(new Set(keys).size).toBe(4);
  });

  test("a calendar whose id is secret is shown by its account's name, and can't be changed", () => {
    const feed = connection({
      calendarType: "ics-feed",
      name: "ICS feed",
      email: null,
      calendars: [calendar("x", { externalId: null, name: null })],
    });
    expect(groupsOf([feed])[0]?.choices[0]).toMatchObject({ name: "ICS feed", reference: null });
  });

  test("accounts by delegation, which have no id of their own, have different keys", () => {
    const delegated = connection({ credentialId: -1, delegated: true });
    const keys = groupsOf([delegated, delegated]).map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });
});

describe("the filter", () => {
  const found = (text: string) =>
    choicesMatching(groupsOf([work, home]), text).map(({ label, choices }) => [
      label,
      ...choices.map(({ name }) => name),
    ]);

  test.each([
    [
      "team",
      [
        ["alice@work.example", "Team"],
        ["alice@home.example", "Team"],
      ],
    ],
    ["  UBUNG ", [["alice@work.example", "Übung"]]],
    ["home", [["alice@home.example", "Team"]]],
    ["nothing of the kind", []],
  ])("finds by name or account, whatever letter case and accents: %s", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  test("an empty text finds all", () => {
    expect(countOf(choicesMatching(groupsOf([work, home]), " "))).toBe(4);
  });
});
