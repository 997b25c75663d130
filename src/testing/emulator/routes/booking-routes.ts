import { success, type Call, type Reply, type Route } from "../http/route.js";
import { isInt, isIsoDate, isString, isTimeZone, validate } from "../http/validate.js";
import { exception } from "../model/errors.js";
import { freeSlots, offsetOf } from "../model/slots.js";
import type { Booking, EventType, State, User } from "../model/state.js";

// A small part of event types, slots and bookings, by Cal.com's public description: enough to try `user.request()`. Of
// each endpoint one version is emulated.

export const bookingRoutes: Route[] = [
  { method: "GET", path: "/v2/event-types", access: "user", handle: versioned("2024-06-14", listEventTypes) },
  { method: "POST", path: "/v2/event-types", access: "user", handle: versioned("2024-06-14", addEventType) },
  { method: "GET", path: "/v2/slots", access: "user", handle: versioned("2024-09-04", listSlots) },
  { method: "GET", path: "/v2/bookings", access: "user", handle: listBookings },
  { method: "POST", path: "/v2/bookings", access: "user", handle: versioned("2024-08-13", addBooking) },
];

const BOOKINGS_VERSION = "2024-08-13";
const MAX_PAGE = 250;

function versioned(version: string, handle: (call: Call) => Reply): (call: Call) => Reply {
  return (call) => {
    if (call.headers.get("cal-api-version") === version) return handle(call);
    throw exception(404, `The emulator plays version ${version} of this endpoint: set cal-api-version.`);
  };
}

function listEventTypes({ state, caller }: Call): Reply {
  const own = [...state.eventTypes.values()].filter(({ ownerId }) => ownerId === caller.user.id);
  return success(own.map(eventTypeOutput));
}

function addEventType({ state, caller, body }: Call): Reply {
  const input = validate(body, [
    { property: "title", rules: [isString("title")] },
    { property: "slug", rules: [isString("slug")] },
    { property: "lengthInMinutes", rules: [isInt("lengthInMinutes")] },
    { property: "description", optional: true, rules: [isString("description")] },
  ]) as Pick<EventType, "title" | "slug" | "lengthInMinutes"> & { description?: string };
  const ownerId = caller.user.id;
  const isTaken = [...state.eventTypes.values()].some(
    (one) => one.ownerId === ownerId && one.slug === input.slug,
  );
  if (isTaken) throw exception(400, "User already has an event type with this slug.");
  const eventType = { description: "", ...input, id: state.nextId("eventType"), ownerId };
  state.eventTypes.set(eventType.id, eventType);
  return success(eventTypeOutput(eventType), 201);
}

const eventTypeOutput = (eventType: EventType) => ({
  ...eventType,
  locations: [{ type: "integration", integration: "cal-video" }],
  bookingFields: [],
  hidden: false,
  disableGuests: false,
  scheduleId: null,
});

function listSlots({ state, query }: Call): Reply {
  const input = validate(query, [
    { property: "eventTypeId", transform: Number, rules: [isInt("eventTypeId")] },
    { property: "start", rules: [isIsoDate("isDateString", "start")] },
    { property: "end", rules: [isIsoDate("isDateString", "end")] },
    { property: "timeZone", optional: true, rules: [isTimeZone("timeZone")] },
  ]) as { eventTypeId: number; start: string; end: string; timeZone?: string };
  const { start, end, timeZone = "UTC" } = input;
  const until = Date.parse(end) + (end.length === 10 ? 24 * 60 * 60_000 : 0);
  const days: Record<string, { start: string }[]> = {};
  for (const slot of freeSlots(state, eventTypeOf(state, input.eventTypeId), Date.parse(start), until)) {
    const text = inZone(slot, timeZone);
    (days[text.slice(0, 10)] ??= []).push({ start: text });
  }
  return success(days);
}

function addBooking({ state, body }: Call): Reply {
  const input = validate(body, [
    { property: "start", rules: [isIsoDate("isDateString", "start")] },
    { property: "eventTypeId", rules: [isInt("eventTypeId")] },
    {
      property: "attendee",
      rules: [
        {
          name: "isObject",
          message: "attendee must be an object",
          ok: (value) => typeof value === "object" && value !== null,
        },
      ],
    },
  ]) as { start: string; eventTypeId: number; attendee: unknown };
  const attendee = validate(input.attendee, [
    { property: "name", rules: [isString("name")] },
    { property: "email", rules: [isString("email")] },
    { property: "timeZone", rules: [isTimeZone("timeZone")] },
  ]) as Booking["attendee"];
  const eventType = eventTypeOf(state, input.eventTypeId);
  const start = Date.parse(input.start);
  const end = start + eventType.lengthInMinutes * 60_000;
  if (!freeSlots(state, eventType, start, end).includes(start)) {
    throw exception(400, "User either already has booking at this time or is not available");
  }
  const id = state.nextId("booking");
  const booking: Booking = {
    id,
    uid: `booking-${String(id)}`,
    eventTypeId: eventType.id,
    userId: eventType.ownerId,
    start,
    end,
    attendee,
    createdAt: state.clock.now(),
  };
  state.bookings.push(booking);
  return success(bookingOutput(state, booking), 201);
}

function listBookings({ state, headers, query, caller }: Call): Reply {
  // As recorded for a call without a version.
  if (headers.get("cal-api-version") !== BOOKINGS_VERSION) {
    return success({ bookings: [], recurringInfo: [], totalCount: 0, nextCursor: null });
  }
  const { take, skip } = validate(query, [
    { property: "take", transform: Number, initial: 100, rules: [isInt("take"), isPage] },
    { property: "skip", transform: Number, initial: 0, rules: [isInt("skip")] },
  ]) as { take: number; skip: number };
  const own = state.bookings.filter(({ userId }) => userId === caller.user.id);
  const page = own.slice(skip, skip + take);
  const remainingItems = Math.max(0, own.length - skip - page.length);
  const pagination = {
    totalItems: own.length,
    remainingItems,
    returnedItems: page.length,
    itemsPerPage: take,
    currentPage: Math.floor(skip / take) + 1,
    totalPages: Math.ceil(own.length / take),
    hasNextPage: remainingItems > 0,
    hasPreviousPage: skip > 0,
  };
  const data = page.map((booking) => bookingOutput(state, booking));
  return { status: 200, body: { status: "success", data, pagination } };
}

const isPage = {
  name: "max",
  message: `take must not be greater than ${String(MAX_PAGE)}`,
  ok: (value: unknown) => Number(value) >= 1 && Number(value) <= MAX_PAGE,
};

function bookingOutput(state: State, booking: Booking) {
  const { id, uid, eventTypeId, start, end, attendee, createdAt } = booking;
  const { title, slug, description, lengthInMinutes: duration } = eventTypeOf(state, eventTypeId);
  const { name, email, username, timeZone, id: hostId } = state.users.get(booking.userId) as User;
  return {
    id,
    uid,
    title: `${title} between ${String(name)} and ${attendee.name}`,
    description,
    hosts: [{ id: hostId, name, email, username, timeZone }],
    status: "accepted",
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    duration,
    eventTypeId,
    eventType: { id: eventTypeId, slug },
    location: "integrations:daily",
    absentHost: false,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: null,
    attendees: [{ ...attendee, language: "en", absent: false }],
    bookingFieldsResponses: { name: attendee.name, email: attendee.email },
  };
}

function eventTypeOf(state: State, id: number): EventType {
  const eventType = state.eventTypes.get(id);
  if (eventType) return eventType;
  throw exception(404, `Event Type with ID=${String(id)} does not exist.`);
}

/** An instant in ISO 8601 with the zone's offset, as Cal.com writes slots. */
function inZone(instant: number, timeZone: string): string {
  const offset = offsetOf(instant, timeZone);
  const local = new Date(instant + offset).toISOString();
  if (offset === 0) return local;
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number) => String(value).padStart(2, "0");
  return `${local.slice(0, -1)}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
