import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { dataOf, isObject, lenient } from "../response.js";

/** Cal.com's name of a calendar integration. Cal.com may add others. */
export type IntegrationType =
  "google_calendar" | "office365_calendar" | "apple_calendar" | "ics-feed_calendar" | (string & {});

/** A calendar integration of Cal.com: its names and logo. */
export interface Integration {
  type: IntegrationType;
  name: string | null;
  title: string | null;
  slug: string | null;
  /** Path or URL of the logo, relative to Cal.com's web application. */
  logo: string | null;
}

/** One calendar of a connection. */
export interface Calendar {
  /** The provider's id of the calendar. */
  externalId: string;
  integration: IntegrationType | null;
  name: string | null;
  primary: boolean | null;
  readOnly: boolean | null;
  email: string | null;
  /** Whether Cal.com checks this calendar for conflicts. */
  isSelected: boolean | null;
  credentialId: number | null;
  delegationCredentialId: string | null;
}

/** One connection: a credential that Cal.com stores, with its calendars. */
export interface ConnectedCalendar {
  integration: Integration;
  credentialId: number;
  delegationCredentialId: string | null;
  /** The main calendar. `null` if the connection is broken or has none. */
  primary: Calendar | null;
  /** Empty if the connection is broken. */
  calendars: Calendar[];
  /** Why Cal.com can't read the connection, usually because the user revoked access. `null` if it can. */
  error: { message: string } | null;
}

/** The calendar that Cal.com writes bookings to. */
export interface DestinationCalendar {
  id: number | null;
  /** An empty string while its connection is broken. */
  integration: IntegrationType | null;
  /** An empty string while its connection is broken. */
  externalId: string | null;
  primaryEmail: string | null;
  credentialId: number | null;
}

/** All connections of a user. */
export interface CalendarList {
  connectedCalendars: ConnectedCalendar[];
  /** `null` if no calendar is connected. */
  destinationCalendar: DestinationCalendar | null;
}

const integrationFields = { name: "string", title: "string", slug: "string", logo: "string" } as const;

const calendarFields = {
  integration: "string",
  name: "string",
  primary: "boolean",
  readOnly: "boolean",
  email: "string",
  isSelected: "boolean",
  credentialId: "number",
  delegationCredentialId: "string",
} as const;

const destinationFields = {
  id: "number",
  integration: "string",
  externalId: "string",
  primaryEmail: "string",
  credentialId: "number",
} as const;

const listSchema = z.looseObject({
  connectedCalendars: z.array(z.unknown()),
  // `{}` for a user without calendars.
  destinationCalendar: z.optional(z.nullable(z.looseObject({}))),
});

/** `GET /calendars`. Cal.com caches the response for 10 s, or until a calendar is connected or disconnected. */
export function listCalendars(send: Send, options: CallOptions = {}): Promise<CalendarList> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars",
    read: (response) => toList(dataOf(listSchema)(response)),
  });
}

function toList(wire: z.infer<typeof listSchema>): CalendarList {
  const { connectedCalendars, destinationCalendar, ...rest } = wire;
  const hasDestination = destinationCalendar && Object.keys(destinationCalendar).length > 0;
  return {
    ...rest,
    connectedCalendars: connectedCalendars.flatMap(toConnectedCalendar),
    destinationCalendar: hasDestination ? lenient(destinationCalendar, destinationFields) : null,
  };
}

/** Returns an empty list for an entry without a type or credential: it can't be used, not even to disconnect it. */
function toConnectedCalendar(wire: unknown): ConnectedCalendar[] {
  if (!isObject(wire) || !isObject(wire["integration"])) return [];
  const { integration, credentialId, delegationCredentialId } = wire;
  if (typeof integration["type"] !== "string" || typeof credentialId !== "number") return [];
  // A broken connection has neither `primary` nor `calendars`. One without a main calendar may have `primary: {}`.
  const [primary = null] = toCalendar(wire["primary"]);
  return [
    Object.assign(wire, {
      integration: Object.assign(lenient(integration, integrationFields), { type: integration["type"] }),
      credentialId,
      delegationCredentialId: typeof delegationCredentialId === "string" ? delegationCredentialId : null,
      primary,
      calendars: Array.isArray(wire["calendars"]) ? wire["calendars"].flatMap(toCalendar) : [],
      error: toError(wire["error"]),
    }),
  ];
}

function toCalendar(wire: unknown): Calendar[] {
  if (!isObject(wire) || typeof wire["externalId"] !== "string") return [];
  return [Object.assign(lenient(wire, calendarFields), { externalId: wire["externalId"] })];
}

function toError(error: unknown): ConnectedCalendar["error"] {
  if (error === undefined || error === null) return null;
  const message = typeof error === "object" && "message" in error ? error.message : error;
  return { message: typeof message === "string" ? message : "The calendars can't be read." };
}
