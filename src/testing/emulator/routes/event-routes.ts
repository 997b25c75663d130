import type { Account } from "../model/accounts.js";
import { busySlots, overlaps } from "./busy-times.js";
import { accountOf, credentialsOf, isUsable, listCalendars } from "../model/calendars.js";
import { unknownCalendar } from "./connect-routes.js";
import { bare, exception } from "../model/errors.js";
import { integrationOf, integrations } from "../model/integrations.js";
import { success, type Call, type Reply, type Route } from "../http/route.js";
import type { Credential, CredentialType } from "../model/state.js";
import { isIsoDate, isString, validate, type Field, type Rule } from "../http/validate.js";

const CONNECTION = "/v2/calendars/connections/:connectionId";
const CALENDAR = "/v2/calendars/:calendar";

/** The five operations, on a connection by its id and on a provider's first one by its name. */
const eventsUnder = (prefix: string): Route[] => [
  { method: "GET", path: `${prefix}/events`, access: "user", handle: list },
  { method: "POST", path: `${prefix}/events`, access: "user", handle: create },
  { method: "GET", path: `${prefix}/events/:eventId`, access: "user", handle: get },
  { method: "PATCH", path: `${prefix}/events/:eventId`, access: "user", handle: update },
  { method: "DELETE", path: `${prefix}/events/:eventId`, access: "user", handle: remove },
  { method: "GET", path: `${prefix}/freebusy`, access: "user", handle: freeBusy },
];

export const eventRoutes: Route[] = [
  { method: "GET", path: "/v2/calendars/connections", access: "user", handle: connections },
  ...eventsUnder(CONNECTION),
  ...eventsUnder(CALENDAR),
  { method: "GET", path: `${CALENDAR}/event/:eventId`, access: "user", handle: get },
  { method: "PATCH", path: `${CALENDAR}/event/:eventId`, access: "user", handle: update },
];

function connections({ state, caller }: Call): Reply {
  const { connectedCalendars } = listCalendars(state, caller.user.id);
  return success({
    connections: connectedCalendars
      .map(({ credentialId, integration, primary }) => ({
        connectionId: String(credentialId),
        type: integrationOf(integration["type"] as CredentialType).provider,
        // Named `email`, but it is the primary calendar's id: with Microsoft, no address at all.
        email: primary?.externalId ?? null,
      }))
      .filter(({ type }) => type !== "ics-feed"),
  });
}

const rangeFields: Field[] = ["from", "to"].map((property) => ({
  property,
  rules: [isIsoDate("isIso8601", property)],
}));

/** The credential that a request is about; unless it is about another's, or none. */
function credentialOf(call: Call): Credential {
  const { state, caller, param } = call;
  const id = param("connectionId");
  if (id === "") {
    const name = param("calendar");
    if (name !== "google" && name !== "office365" && name !== "apple") throw unknownCalendar();
    const [first] = credentialsOf(state, caller.user.id, integrations[name].type);
    if (!first) throw exception(400, integrations[name].notFound);
    return first;
  }
  if (!/^\d+$/.test(id)) throw exception(400, "Invalid connectionId");
  const credential = state.credentials.get(Number(id));
  if (credential?.userId !== caller.user.id || credential.type === "ics-feed_calendar") {
    throw exception(404, "Calendar connection not found");
  }
  return credential;
}

function accountFor(call: Call, operation: string): Account {
  const { state, param } = call;
  const isByName = param("connectionId") === "";
  // The provider-scoped routes look at the name first.
  if (isByName && ["office365", "apple"].includes(param("calendar"))) {
    throw exception(
      400,
      `${operation} is currently only available for Google Calendar. Office 365 and Apple support is coming soon.`,
    );
  }
  const credential = credentialOf(call);
  if (credential.type !== "google_calendar") {
    throw exception(
      400,
      "Event operations for this connection are currently only available for Google Calendar",
    );
  }
  const account = accountOf(state, credential);
  // What Cal.com answers when Google refuses here was not recorded.
  if (!account || !isUsable(state, credential)) throw bare(500);
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

function freeBusy(call: Call): Reply {
  const { from, to } = validate(call.query, rangeFields) as { from: string; to: string };
  return success(busySlots(call.state, credentialOf(call), from, to));
}

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
