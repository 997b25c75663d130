import { success, type Call, type Reply, type Route } from "../http/route.js";
import { isIsoDate, isString, validate, type Field, type Rule } from "../http/validate.js";
import type { Account } from "../model/accounts.js";
import type { CalendarOutput, Connected } from "../model/calendar-output.js";
import { listCalendars } from "../model/calendars.js";
import { accountOf, credentialsOf, failureOf } from "../model/credentials.js";
import { bare, exception } from "../model/errors.js";
import { integrationOf, integrations } from "../model/integrations.js";
import type { Credential, CredentialType } from "../model/state.js";
import { busySlots, overlaps } from "./busy-times.js";

const CONNECTION = "/v2/calendars/connections/:connectionId";
const CALENDAR = "/v2/calendars/:calendar";
const bookingRoutes = [`${CALENDAR}/events/:eventId`, `${CALENDAR}/event/:eventId`];

/** Connections are named by their id, or by the provider for the user's first one. */
export const eventRoutes: Route[] = [
  { method: "GET", path: "/v2/calendars/connections", access: "user", handle: connections },
  ...[CONNECTION, CALENDAR].flatMap((prefix): Route[] => [
    { method: "GET", path: `${prefix}/events`, access: "user", handle: list },
    { method: "POST", path: `${prefix}/events`, access: "user", handle: create },
    { method: "DELETE", path: `${prefix}/events/:eventId`, access: "user", handle: remove },
  ]),
  { method: "GET", path: `${CONNECTION}/events/:eventId`, access: "user", handle: get },
  { method: "PATCH", path: `${CONNECTION}/events/:eventId`, access: "user", handle: update },
  { method: "GET", path: `${CONNECTION}/freebusy`, access: "user", handle: connectionFreeBusy },
  { method: "GET", path: `${CALENDAR}/freebusy`, access: "user", handle: providerFreeBusy },
  ...bookingRoutes.flatMap((path): Route[] => [
    { method: "GET", path, access: "user", scope: "APPS_READ", handle: getBooking },
    { method: "PATCH", path, access: "user", scope: "APPS_WRITE", handle: updateBooking },
  ]),
];

function connections({ state, caller }: Call): Reply {
  const { connectedCalendars } = listCalendars(state, caller.user.id);
  return success({
    connections: connectedCalendars
      .map(({ credentialId, integration, primary }) => ({
        connectionId: String(credentialId),
        type: integrationOf(integration["type"] as CredentialType).provider,
        // Cal.com calls it `email`, but it is the primary calendar's id. Microsoft's ids are not addresses.
        email: primary?.externalId ?? null,
      }))
      .filter(({ type }) => type !== "ics-feed"),
  });
}

const rangeFields: Field[] = ["from", "to"].map((property) => ({
  property,
  rules: [isIsoDate("isIso8601", property)],
}));

/** @throws HttpError unless the provider in the path is Google. */
function requireGoogle({ param }: Call, operation: string): void {
  if (param("calendar") === "google") return;
  throw exception(
    400,
    `${operation} is currently only available for Google Calendar. Office 365 and Apple support is coming soon.`,
  );
}

/** @throws HttpError if the connection in the path doesn't exist or belongs to another user. */
function connectionOf({ state, caller, param }: Call): Credential {
  const id = param("connectionId");
  if (!/^\d+$/.test(id)) throw exception(400, "Invalid connectionId");
  const credential = state.credentials.get(Number(id));
  if (credential?.userId !== caller.user.id || credential.type === "ics-feed_calendar") {
    throw exception(404, "Calendar connection not found");
  }
  return credential;
}

function googleCredentialOf(call: Call, operation: string): Credential {
  const { state, caller, param } = call;
  if (param("connectionId") === "") {
    requireGoogle(call, operation);
    const [first] = credentialsOf(state, caller.user.id, integrations.google.type);
    if (!first) throw exception(400, integrations.google.notFound);
    return first;
  }
  const credential = connectionOf(call);
  if (credential.type === "google_calendar") return credential;
  throw exception(
    400,
    "Event operations for this connection are currently only available for Google Calendar",
  );
}

function accountFor(call: Call, operation: string): Account {
  const credential = googleCredentialOf(call, operation);
  const account = accountOf(call.state, credential);
  // Not recorded: how Cal.com responds if Google rejects an operation on events.
  if (!account || failureOf(call.state, credential) !== undefined) throw bare(500);
  return account;
}

function calendarIdOf(call: Call, account: Account): string {
  const { calendarId } = call.query;
  if (typeof calendarId === "string" && calendarId !== "primary") return calendarId;
  return account.calendars.find((calendar) => calendar.isPrimary)?.externalId ?? account.email;
}

function list(call: Call): Reply {
  const { from, to } = validate(call.query, rangeFields) as { from: string; to: string };
  const account = accountFor(call, "List events");
  const calendarId = calendarIdOf(call, account);
  const found = account.events.filter(
    (event) => event.calendarId === calendarId && overlaps(event, from, to),
  );
  return success(found.map((event) => eventOutput(account, event)));
}

function find(call: Call, account: Account): Account["events"][number] {
  const event = account.events.find(({ id }) => id === call.param("eventId"));
  if (!event) throw exception(404, "Calendar event not found");
  return event;
}

function get(call: Call): Reply {
  const account = accountFor(call, "Get event");
  return success(eventOutput(account, find(call, account)));
}

const isMoment = (value: unknown): value is { time: string; timeZone: string } => {
  const { time, timeZone } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return isIsoDate("", "").ok(time) && typeof timeZone === "string";
};

const moment = (property: string): Rule => ({
  name: "nestedValidation",
  message: `nested property ${property} must be either object or array`,
  ok: isMoment,
});

const eventFields = (isOptional: boolean): Field[] => [
  { property: "title", optional: isOptional, rules: [isString("title")] },
  { property: "start", optional: isOptional, rules: [moment("start")] },
  { property: "end", optional: isOptional, rules: [moment("end")] },
  { property: "description", optional: true, rules: [isString("description")] },
  {
    property: "attendees",
    optional: true,
    rules: [{ name: "isArray", message: "attendees must be an array", ok: (value) => Array.isArray(value) }],
  },
  { property: "status", optional: true, rules: [isString("status")] },
];

function changes(input: Record<string, unknown>): Partial<Account["events"][number]> {
  const { start, end, ...rest } = input;
  return {
    ...rest,
    ...(isMoment(start) && { start: start.time, timeZone: start.timeZone }),
    ...(isMoment(end) && { end: end.time, endTimeZone: end.timeZone }),
  };
}

function create(call: Call): Reply {
  const input = changes(validate(call.body, eventFields(false)));
  const account = accountFor(call, "Create event");
  const event = {
    id: `event${call.state.nextId("event")}`,
    title: "",
    start: "",
    end: "",
    ...input,
    calendarId: calendarIdOf(call, account),
  };
  account.events.push(event);
  return success(eventOutput(account, event), 201);
}

function update(call: Call): Reply {
  const input = changes(validate(call.body, eventFields(true)));
  const account = accountFor(call, "Update event");
  const event = Object.assign(find(call, account), input);
  return success(eventOutput(account, event));
}

function remove(call: Call): Reply {
  const account = accountFor(call, "Delete event");
  const event = find(call, account);
  account.events.splice(account.events.indexOf(event), 1);
  return { status: 204, body: "" };
}

// These take the id of a booking's reference, not of an event. Nothing in the emulator creates a booking.

function getBooking(call: Call): Reply {
  requireGoogle(call, "Meeting details");
  throw exception(404, "Booking reference not found");
}

function updateBooking(call: Call): Reply {
  validate(call.body, eventFields(true));
  requireGoogle(call, "Event updates");
  throw exception(404, "Booking reference not found");
}

/** The busy times in a connection's selected calendars, or in its primary calendar if none is selected. */
function connectionFreeBusy(call: Call): Reply {
  const { from, to } = validate(call.query, rangeFields) as { from: string; to: string };
  const { id, userId } = connectionOf(call);
  const { connectedCalendars } = listCalendars(call.state, userId);
  const entry = connectedCalendars.find(({ credentialId }) => credentialId === id);
  const selected = selectedIn(entry);
  const calendars = selected.length > 0 || !entry?.primary ? selected : [entry.primary];
  return success(busySlots(call.state, userId, calendars, from, to));
}

/** The busy times in the selected calendars of all Google accounts. */
function providerFreeBusy(call: Call): Reply {
  const { from, to } = validate(call.query, rangeFields) as { from: string; to: string };
  requireGoogle(call, "Free/busy");
  const userId = call.caller.user.id;
  const calendars = listCalendars(call.state, userId)
    .connectedCalendars.filter(({ integration }) => integration["type"] === "google_calendar")
    .flatMap(selectedIn);
  return success(busySlots(call.state, userId, calendars, from, to));
}

const selectedIn = (entry: Connected | undefined): CalendarOutput[] =>
  (entry?.calendars ?? []).filter(({ isSelected }) => isSelected);

function eventOutput({ email }: Account, event: Account["events"][number]): Record<string, unknown> {
  const {
    id,
    title,
    start,
    end,
    timeZone = "UTC",
    description = null,
    attendees,
    status = "accepted",
  } = event;
  return {
    id,
    title,
    description,
    start: { time: start, timeZone },
    end: { time: end, timeZone: event.endTimeZone ?? timeZone },
    locations: [],
    ...(attendees && { attendees }),
    status,
    calendarEventOwner: { email },
    hosts: [{ email, responseStatus: null }],
    source: "google",
  };
}
