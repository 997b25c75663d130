import * as z from "zod/mini";
import type { BusyTime } from "./calendars.js";
import { readBusyTimes } from "./calendars.js";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, nothing, lenient } from "../response.js";

/** A connected account, named by the id that connection-scoped calls take. */
export interface CalendarConnection {
  connectionId: string;
  /** `google`, `office365`, `apple`, ... */
  type: string;
  /** The account's address; for Office 365 a calendar's id; `null` while access is revoked. */
  email: string | null;
}

/** A moment with the zone it is meant in. */
export interface EventTime {
  /** ISO 8601. */
  time: string;
  /** IANA name. */
  timeZone: string;
}

/** Somebody who is invited. */
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
  start: { time: string | null; timeZone?: string | null | undefined };
  end: { time: string | null; timeZone?: string | null | undefined };
  /** `accepted`, `pending`, `declined`, `cancelled`. */
  status: string | null;
  attendees: EventAttendee[] | null;
  /** `google`, `office365`, `apple`. */
  source: string | null;
}

/** What an event is created from. */
export interface CalendarEventInput {
  title: string;
  start: EventTime;
  end: EventTime;
  description?: string | null | undefined;
  attendees?: { email: string; name?: string | undefined }[] | undefined;
}

/** What of an event is changed. `attendees` is replaced as a whole. */
export interface CalendarEventUpdate {
  title?: string | undefined;
  start?: EventTime | undefined;
  end?: EventTime | undefined;
  description?: string | null | undefined;
  attendees?: Partial<EventAttendee>[] | null | undefined;
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
  // None may get lost: an update replaces all of them.
  attendees: z.optional(z.nullable(z.array(attendeeSchema))),
});

function toEvent(wire: z.infer<typeof eventSchema>): CalendarEvent {
  const { attendees } = wire;
  return {
    ...lenient(wire, eventFields),
    id: wire.id,
    start: lenient(wire.start, timeFields),
    end: lenient(wire.end, timeFields),
    attendees: attendees?.map(toAttendee) ?? null,
  };
}

function toAttendee(wire: z.infer<typeof attendeeSchema>): EventAttendee {
  return { ...lenient(wire, attendeeFields), email: wire.email };
}

const readEvent = (answer: ApiResponse) => toEvent(dataOf(eventSchema)(answer));

/** `GET /calendars/connections`. */
export function listConnections(send: Send, options: CallOptions = {}): Promise<CalendarConnection[]> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars/connections",
    read: (answer) =>
      dataOf(connectionsSchema)(answer).connections.map((wire) => ({
        ...lenient(wire, { email: "string" }),
        connectionId: wire.connectionId,
        type: wire.type,
      })),
  });
}

/** `GET .../events`. Google only; other providers answer 400. */
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
    read: (answer) => dataOf(z.array(eventSchema))(answer).map(toEvent),
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

/** `POST .../events`. Not repeated once it has reached Cal.com: a second try could make a second event. */
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
  return send({ ...options, ...oneEvent(connectionId, eventId), method: "DELETE", query, read: nothing });
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
