import { expect, test } from "vitest";
import { createAda, createTestClient, rejection } from "../../support/client.js";

// A Monday. Ada's zone is Europe/London, where it is winter.
const now = Date.parse("2027-01-04T08:00:00Z");
const [start, end] = ["2027-01-04", "2027-01-09"];

interface Slots {
  [day: string]: { start: string }[];
}

async function withEventType() {
  const test = createTestClient({}, { now: () => now });
  const { ada } = await createAda(test);
  const { data: eventType } = await ada.request<{ id: number }>({
    method: "POST",
    path: "/event-types",
    body: { title: "Lesson", slug: "lesson", lengthInMinutes: 60 },
    apiVersion: "2024-06-14",
  });
  const slots = async (timeZone?: string) => {
    const query = { eventTypeId: eventType.id, start, end, timeZone };
    return (await ada.request<Slots>({ path: "/slots", query, apiVersion: "2024-09-04" })).data;
  };
  const attendee = { name: "Grace", email: "grace@example.com", timeZone: "America/New_York" };
  const book = async (at: string) =>
    ada.request<{ uid: string }>({
      method: "POST",
      path: "/bookings",
      body: { start: at, eventTypeId: eventType.id, attendee },
      apiVersion: "2024-08-13",
    });
  return { ...test, ada, eventType, slots, book };
}

test("schedules have the version's shape", async () => {
  const { ada } = await withEventType();
  const { data } = await ada.request({ path: "/schedules", apiVersion: "2024-06-11" });
  expect(data).toMatchObject([
    {
      name: "Default schedule",
      timeZone: "Europe/London",
      availability: [{ startTime: "09:00", endTime: "17:00" }],
      isDefault: true,
      overrides: [],
    },
  ]);
});

test("slots are those of the default schedule, in the zone that was asked for", async () => {
  const { slots } = await withEventType();
  const days = await slots();
  expect(Object.keys(days)).toEqual(["04", "05", "06", "07", "08"].map((day) => `2027-01-${day}`));
  expect(days["2027-01-04"]!.map(({ start }) => start.slice(11, 16))).toEqual(
    ["09", "10", "11", "12", "13", "14", "15", "16"].map((hour) => `${hour}:00`),
  );
  expect((await slots("America/New_York"))["2027-01-04"]![0]).toEqual({
    start: "2027-01-04T04:00:00.000-05:00",
  });
});

test("a booked slot is taken, and bookings are listed page by page", async () => {
  const { ada, slots, book, eventType } = await withEventType();
  for (const hour of ["09", "10", "11"]) await book(`2027-01-04T${hour}:00:00Z`);
  expect((await slots())["2027-01-04"]![0]).toEqual({ start: "2027-01-04T12:00:00.000Z" });
  expect(await rejection(book("2027-01-04T09:00:00Z"))).toMatchObject({ code: "bad_request" });
  const found: unknown[] = [];
  for await (const booking of ada.paginate({ path: "/bookings", apiVersion: "2024-08-13", pageSize: 2 })) {
    found.push(booking);
  }
  expect(found).toHaveLength(3);
  expect(found[0]).toMatchObject({
    status: "accepted",
    start: "2027-01-04T09:00:00.000Z",
    end: "2027-01-04T10:00:00.000Z",
    eventTypeId: eventType.id,
    attendees: [{ name: "Grace" }],
    hosts: [{ name: "Ada" }],
  });
});

test("event types are listed, have one slug each, and go with their user", async () => {
  const { ada, cal, eventType } = await withEventType();
  const list = async () => (await ada.request({ path: "/event-types", apiVersion: "2024-06-14" })).data;
  expect(await list()).toMatchObject([{ id: eventType.id, slug: "lesson", lengthInMinutes: 60 }]);
  const again = { title: "L", slug: "lesson", lengthInMinutes: 5 };
  const post = { method: "POST", path: "/event-types", apiVersion: "2024-06-14" } as const;
  expect(await rejection(ada.request({ ...post, body: again }))).toMatchObject({ code: "bad_request" });
  expect(await rejection(ada.request({ ...post, body: {} }))).toMatchObject({ code: "bad_request" });
  expect(await rejection(ada.request({ path: "/event-types" }))).toMatchObject({ code: "not_found" });
  const grace = await cal.ensureUser("grace", { email: "grace@example.com", name: "Grace" });
  await ada.delete();
  const query = { eventTypeId: eventType.id, start, end };
  const slots = grace.request({ path: "/slots", query, apiVersion: "2024-09-04" });
  expect(await rejection(slots)).toMatchObject({ code: "not_found" });
});
