import fc from "fast-check";
import { expect, test } from "vitest";
import type { Calendar, ConnectedCalendar, DestinationCalendar } from "../../../src/index.js";
import { duplicatesIn } from "../../../src/calendars/duplicates.js";

const calendarOf = (externalId: string): Calendar => ({
  externalId,
  integration: "google_calendar",
  name: null,
  primary: true,
  readOnly: false,
  email: externalId,
  isSelected: true,
  credentialId: null,
  delegationCredentialId: null,
});

/** A connection whose main calendar has this id. */
function connectionOf(
  credentialId: number,
  externalId: string | null = "ada@gmail.example",
  { type = "google_calendar", error = null as ConnectedCalendar["error"] } = {},
): ConnectedCalendar {
  return {
    integration: { type, name: null, title: null, slug: null, logo: null },
    credentialId,
    delegationCredentialId: null,
    primary: externalId === null ? null : calendarOf(externalId),
    calendars: [],
    error,
  };
}

const destinationOf = (credentialId: number): DestinationCalendar => ({
  id: 1,
  integration: "google_calendar",
  externalId: "ada@gmail.example",
  primaryEmail: null,
  credentialId,
});

test("of two credentials for one account, the newer one is a duplicate", () => {
  expect(duplicatesIn([connectionOf(8), connectionOf(5)], null)).toEqual([8]);
});

test("the credential that bookings are written to is kept, even if it is newer", () => {
  expect(duplicatesIn([connectionOf(5), connectionOf(8), connectionOf(9)], destinationOf(8))).toEqual([5, 9]);
});

test("two accounts of one provider are no duplicates", () => {
  expect(duplicatesIn([connectionOf(5), connectionOf(8, "work@gmail.example")], null)).toEqual([]);
});

test("the same address at two providers is no duplicate", () => {
  const office = connectionOf(8, "ada@gmail.example", { type: "office365_calendar" });
  expect(duplicatesIn([connectionOf(5), office], null)).toEqual([]);
});

test("a broken connection, and one without a main calendar, are never duplicates", () => {
  const broken = connectionOf(8, "ada@gmail.example", { error: { message: "revoked" } });
  expect(
    duplicatesIn([connectionOf(5), broken, connectionOf(9, null), connectionOf(10, null)], null),
  ).toEqual([]);
});

test("whatever the order of the list, one credential per account is kept, and the result is the same", () => {
  const credentials = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 8 });
  const account = fc.constantFrom("ada@gmail.example", "work@gmail.example");
  fc.assert(
    fc.property(
      credentials.chain((ids) =>
        fc.tuple(...ids.map((id) => account.map((email) => connectionOf(id, email)))),
      ),
      fc.integer({ min: 1, max: 50 }),
      (connections, destinationId) => {
        const destination = destinationOf(destinationId);
        const duplicates = duplicatesIn(connections, destination);
        const kept = connections.filter(({ credentialId }) => !duplicates.includes(credentialId));
        const accounts = new Set(connections.map(({ primary }) => primary!.externalId));
        expect(kept.map(({ primary }) => primary!.externalId).sort()).toEqual([...accounts].sort());
        const reversed = duplicatesIn([...connections].reverse(), destination);
        expect([...reversed].sort()).toEqual([...duplicates].sort());
      },
    ),
  );
});
