import type { Optional } from "../../lib/optional.js";
import * as z from "zod/mini";
import type { BusyTime } from "./calendars.js";
import { readBusyTimes } from "./calendars.js";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, lenient, readSuccess } from "../response.js";

/** A connection, with the id that the calls for one connection take. */
export interface CalendarConnection {
  connectionId: string;
  /** `google`, `office365`, `apple`, ... */
  type: string;
  /** The connection's email address; for Office 365 the id of a calendar. `null` while access is revoked. */
  email: string | null;
}

/** A time and its time zone. */
export interface EventTime {
  /** ISO 8601. */
  time: string;
  /** IANA name. */
  timeZone: string;
}

/** A person who is invited. */
export interface EventAttendee {
  email: string;
  name: string | null;
  /** `accepted`, `pending`, `declined`, `needsAction`. */
  responseStatus: string | null;
  self: boolean | null;
  optional: boolean | null;
  host: boolean | null;
}

/** An event in a connected calendar. */
export interface CalendarEvent {
  id: string;
  title: string | null;
  description: string | null;
  start: { time: string | null; timeZone: string | null };
  end: { time: string | null; timeZone: string | null };
  /** `accepted`, `pending`, `declined`, `cancelled`. */
  status: string | null;
  attendees: EventAttendee[] | null;
  /** `google`, `office365`, `apple`. */
  source: string | null;
}

/** The fields of a new event. */
export interface CalendarEventInput {
  title: string;
  start: EventTime;
  end: EventTime;
  description?: string | null | undefined;
  attendees?: { email: string; name?: string | undefined }[] | undefined;
}

/** The fields of an event to change. `attendees` is replaced as a whole. */
export interface CalendarEventUpdate {
  title?: string | undefined;
  start?: EventTime | undefined;
  end?: EventTime | undefined;
  description?: string | null | undefined;
  attendees?: Optional<EventAttendee>[] | null | undefined;
  status?: "accepted" | "pending" | "declined" | "cancelled" | null | undefined;
}

/** Which events to list. */
export interface EventQuery {
  from: string;
  to: string;
  timeZone?: string | undefined;
  calendarId?: string | undefined;
}

const connection = "/calendars/connections/{connectionId}";

const attendeeFields = {
  name: "string",
  responseStatus: "string",
  self: "boolean",
  optional: "boolean",
  host: "boolean",
} as const;

const timeFields = { time: "string", timeZone: "string" } as const;

const eventFields = { title: "string", description: "string", status: "string", source: "string" } as const;

const connectionSchema = z.looseObject({ connectionId: z.string(), type: z.string() });
const connectionsSchema = z.looseObject({ connections: z.array(connectionSchema) });

const attendeeSchema = z.looseObject({ email: z.string() });
const eventSchema = z.looseObject({
  id: z.string(),
  start: z.looseObject({}),
  end: z.looseObject({}),
  // Strict: an update replaces all attendees, so none may be dropped here.
  attendees: z.optional(z.nullable(z.array(attendeeSchema))),
});

function toEvent(wire: z.infer<typeof eventSchema>): CalendarEvent {
  return {
    ...lenient(wire, eventFields),
    start: lenient(wire.start, timeFields),
    end: lenient(wire.end, timeFields),
    attendees: wire.attendees?.map((attendee) => lenient(attendee, attendeeFields)) ?? null,
  };
}

const readEvent = (response: ApiResponse) => toEvent(dataOf(eventSchema)(response));

/** `GET /calendars/connections`. */
export function listConnections(send: Send, options: CallOptions = {}): Promise<CalendarConnection[]> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars/connections",
    read: (response) =>
      dataOf(connectionsSchema)(response).connections.map((wire) => lenient(wire, { email: "string" })),
  });
}

/** `GET .../events`. Google only: Cal.com returns 400 for other providers. */
export function listEvents(
  send: Send,
  connectionId: string,
  query: EventQuery,
  options: CallOptions = {},
): Promise<CalendarEvent[]> {
  return send({
    ...options,
    method: "GET",
    path: `${connection}/events`,
    params: { connectionId },
    query: { ...query },
    read: (response) => dataOf(z.array(eventSchema))(response).map(toEvent),
  });
}

/** `GET .../events/{eventId}`. */
export function getEvent(
  send: Send,
  connectionId: string,
  eventId: string,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({ ...options, ...oneEvent(connectionId, eventId), method: "GET", query, read: readEvent });
}

/** `POST .../events`. Not retried once it has reached Cal.com: a retry could create a second event. */
export function createEvent(
  send: Send,
  connectionId: string,
  input: CalendarEventInput,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({
    ...options,
    method: "POST",
    path: `${connection}/events`,
    params: { connectionId },
    query,
    body: input,
    read: readEvent,
  });
}

/** `PATCH .../events/{eventId}`. */
export function updateEvent(
  send: Send,
  connectionId: string,
  eventId: string,
  update: CalendarEventUpdate,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({
    ...options,
    ...oneEvent(connectionId, eventId),
    method: "PATCH",
    query,
    body: update,
    read: readEvent,
  });
}

/** `DELETE .../events/{eventId}`. */
export function deleteEvent(
  send: Send,
  connectionId: string,
  eventId: string,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<void> {
  return send({ ...options, ...oneEvent(connectionId, eventId), method: "DELETE", query, read: readSuccess });
}

/** `GET .../freebusy`. */
export function getFreeBusy(
  send: Send,
  connectionId: string,
  query: { from: string; to: string; timeZone?: string | undefined },
  options: CallOptions = {},
): Promise<BusyTime[]> {
  return send({
    ...options,
    method: "GET",
    path: `${connection}/freebusy`,
    params: { connectionId },
    query,
    read: readBusyTimes,
  });
}

function oneEvent(connectionId: string, eventId: string) {
  return { path: `${connection}/events/{eventId}`, params: { connectionId, eventId } };
}
