import { beforeEach, expect, test } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { clientOf, createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

// Busy times of all calendars that Cal.com checks for conflicts: no calendars are named.

const range = { from: "2027-01-04T00:00:00Z", to: "2027-01-05T00:00:00Z" };
const team = "team_cal@group.calendar.google.com";
let client: TestClient;
let ada: CalUser;
let adaId: number;

beforeEach(async () => {
  client = createTestClient();
  ({ ada, adaId } = await createAda(client));
});

function addEvent(provider: "google" | "office365", account: string, hour: number): void {
  const at = (n: number) => `2027-01-04T${String(n)}:00:00Z`;
  client.emulator.provider.addEvent(provider, account, { title: "x", start: at(hour), end: at(hour + 1) });
}

const hours = async (more: object = {}) =>
  (await ada.calendars.busyTimes({ ...range, ...more })).map(({ start }) => start.getUTCHours()).sort();

test("are those of each account", async () => {
  client.emulator.calendars.connect(adaId, "google", "alice");
  client.emulator.calendars.connect(adaId, "office365", "bob");
  addEvent("google", "alice", 10);
  addEvent("office365", "bob", 14);
  expect(await hours()).toEqual([10, 14]);
});

test("do not have those of a calendar that is not selected", async () => {
  const credentialId = client.emulator.calendars.connect(adaId, "google", "alice");
  addEvent("google", "alice", 10);
  await ada.calendars.unselect({
    integration: "google_calendar",
    externalId: "alice@gmail.example",
    credentialId,
  });
  expect(await hours()).toEqual([]);
  expect(client.emulator.count({ path: /busy-times/ })).toBe(0);
});

test("of a user without calendars are none, after one call", async () => {
  const before = client.emulator.count();
  expect(await hours()).toEqual([]);
  expect(client.emulator.count() - before).toBe(1);
});

test("of a calendar that two accounts share are asked for once", async () => {
  const credentialId = client.emulator.calendars.connect(adaId, "google", "alice");
  client.emulator.calendars.connect(adaId, "google", "carol");
  await ada.calendars.select({ integration: "google_calendar", externalId: team, credentialId });
  const asked: string[] = [];
  const { emulator, store } = client;
  const watched = clientOf(emulator, store, {
    fetch: (input, init) => {
      const { pathname, searchParams } = new URL(input as string);
      if (pathname.endsWith("/busy-times")) asked.push(...searchParams.values());
      return emulator.fetch(input, init);
    },
  });
  await watched.forUser("ada").calendars.busyTimes(range);
  expect(asked.filter((value) => value === team)).toHaveLength(1);
});

test("while an account can't be read: an error that says which, rather than a user who looks free", async () => {
  client.emulator.calendars.connect(adaId, "google", "alice");
  const broken = client.emulator.calendars.connect(adaId, "google", "carol");
  client.emulator.provider.revoke({ userId: adaId, credentialId: broken });
  addEvent("google", "alice", 10);
  const error = await rejection(ada.calendars.busyTimes(range));
  expect(error).toMatchObject({ code: "calendar_unreadable" });
  expect((error as Error).message).toContain(`Google Calendar, credential ${String(broken)}`);
  expect(await hours({ skipUnreadable: true })).toEqual([10]);
});

test("leave delegated access out, which Cal.com has no busy times for", async () => {
  client.emulator.calendars.delegate(adaId, "google", "carol");
  client.emulator.calendars.connect(adaId, "google", "alice");
  addEvent("google", "alice", 10);
  addEvent("google", "carol", 12);
  expect(await hours()).toEqual([10]);
});
