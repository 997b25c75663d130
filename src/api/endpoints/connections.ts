import * as z from "zod/mini";
import type { BusyTime } from "./calendars.js";
import { readBusyTimes } from "./calendars.js";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, nothing, tolerated } from "../response.js";

/** A connected account, named by the id that connection-scoped calls take. */
export interface CalendarConnection {
  connectionId: string;
  /** `google`, `office365`, `apple`, ... */
  type: string;
  /** The account's address; for Office 365 a calendar's id; `null` while access is revoked. */
  email?: string | null | undefined;
  /** Fields that this version doesn't know. */
  [field: string]: unknown;
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
  name?: string | null | undefined;
  /** `accepted`, `pending`, `declined`, `needsAction`. */
  responseStatus?: string | null | undefined;
  self?: boolean | null | undefined;
  optional?: boolean | null | undefined;
  host?: boolean | null | undefined;
}

/** An event in a connected calendar. */
export interface CalendarEvent {
  id: string;
  title?: string | null | undefined;
  description?: string | null | undefined;
  start: { time?: string | null | undefined; timeZone?: string | null | undefined };
  end: { time?: string | null | undefined; timeZone?: string | null | undefined };
  /** `accepted`, `pending`, `declined`, `cancelled`. */
  status?: string | null | undefined;
  attendees?: EventAttendee[] | null | undefined;
  /** `google`, `office365`, `apple`. */
  source?: string | null | undefined;
  /** Fields that this version doesn't know. */
  [field: string]: unknown;
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

/** Whose events: those of one connection, or of the user's first connection at a provider. */
export type EventScope =
  | { path: "/calendars/connections/{connectionId}"; params: { connectionId: string } }
  | { path: "/calendars/{calendar}"; params: { calendar: string } };

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
    ...tolerated(wire, eventFields),
    id: wire.id,
    start: tolerated(wire.start, timeFields),
    end: tolerated(wire.end, timeFields),
    ...(attendees && { attendees: attendees.map(toAttendee) }),
  };
}

function toAttendee(wire: z.infer<typeof attendeeSchema>): EventAttendee {
  return { ...tolerated(wire, attendeeFields), email: wire.email };
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
        ...tolerated(wire, { email: "string" }),
        connectionId: wire.connectionId,
        type: wire.type,
      })),
  });
}

/** `GET .../events`. Google only; other providers answer 400. */
export function listEvents(
  send: Send,
  scope: EventScope,
  query: EventQuery,
  options: CallOptions = {},
): Promise<CalendarEvent[]> {
  return send({
    ...options,
    method: "GET",
    path: `${scope.path}/events`,
    params: scope.params,
    query: { ...query },
    read: (answer) => dataOf(z.array(eventSchema))(answer).map(toEvent),
  });
}

/** `GET .../events/{eventId}`. */
export function getEvent(
  send: Send,
  scope: EventScope,
  eventId: string,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({ ...options, ...oneEvent(scope, eventId), method: "GET", query, read: readEvent });
}

/** `POST .../events`. Not repeated once it has reached Cal.com: a second try could make a second event. */
export function createEvent(
  send: Send,
  scope: EventScope,
  input: CalendarEventInput,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({
    ...options,
    method: "POST",
    path: `${scope.path}/events`,
    params: scope.params,
    query,
    body: input,
    read: readEvent,
  });
}

/** `PATCH .../events/{eventId}`. */
export function updateEvent(
  send: Send,
  scope: EventScope,
  eventId: string,
  update: CalendarEventUpdate,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarEvent> {
  return send({
    ...options,
    ...oneEvent(scope, eventId),
    method: "PATCH",
    query,
    body: update,
    read: readEvent,
  });
}

/** `DELETE .../events/{eventId}`. */
export function deleteEvent(
  send: Send,
  scope: EventScope,
  eventId: string,
  query: { calendarId?: string | undefined },
  options: CallOptions = {},
): Promise<void> {
  return send({ ...options, ...oneEvent(scope, eventId), method: "DELETE", query, read: nothing });
}

/** `GET .../freebusy`. */
export function getFreeBusy(
  send: Send,
  scope: EventScope,
  query: { from: string; to: string; timeZone?: string | undefined },
  options: CallOptions = {},
): Promise<BusyTime[]> {
  return send({
    ...options,
    method: "GET",
    path: `${scope.path}/freebusy`,
    params: scope.params,
    query,
    read: readBusyTimes,
  });
}

function oneEvent(scope: EventScope, eventId: string) {
  return { path: `${scope.path}/events/{eventId}`, params: { ...scope.params, eventId } };
}
