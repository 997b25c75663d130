import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { dataOf, isObject, lenient } from "../response.js";

/** Cal.com's name of a calendar integration. New ones may come. */
export type IntegrationType =
  "google_calendar" | "office365_calendar" | "apple_calendar" | "ics-feed_calendar" | (string & {});

/** What Cal.com tells of an integration: its names and logo. */
export interface Integration {
  type: IntegrationType;
  name: string | null;
  title: string | null;
  slug: string | null;
  /** Path or URL of the logo, relative to Cal.com's web application. */
  logo: string | null;
}

/** One calendar of a connected account. */
export interface Calendar {
  /** The provider's id of the calendar. */
  externalId: string;
  integration: IntegrationType | null;
  name: string | null;
  primary: boolean | null;
  readOnly: boolean | null;
  email: string | null;
  /** Whether Cal.com reads it for conflicts. */
  isSelected: boolean | null;
  credentialId: number | null;
  delegationCredentialId: string | null;
}

/** One connected account: a credential that Cal.com keeps, with its calendars. */
export interface ConnectedCalendar {
  integration: Integration;
  credentialId: number;
  delegationCredentialId: string | null;
  /** The account's main calendar; `null` if the account is broken or has none. */
  primary: Calendar | null;
  /** Empty if the account is broken. */
  calendars: Calendar[];
  /** Why Cal.com can't read this account: usually, that the user has revoked access. `null` if it can. */
  error: { message: string } | null;
}

/** The calendar that Cal.com writes bookings to. */
export interface DestinationCalendar {
  id: number | null;
  /** Empty while the account behind it is broken. */
  integration: IntegrationType | null;
  /** Empty while the account behind it is broken. */
  externalId: string | null;
  primaryEmail: string | null;
  credentialId: number | null;
}

/** All connected accounts of a user. */
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

/** `GET /calendars`. Cal.com remembers its answer for 10 s, or until something is connected or disconnected. */
export function listCalendars(send: Send, options: CallOptions = {}): Promise<CalendarList> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars",
    read: (answer) => toList(dataOf(listSchema)(answer)),
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

/** Without a type and a credential there is nothing to do with an entry, not even to disconnect it: none. */
function toConnectedCalendar(wire: unknown): ConnectedCalendar[] {
  if (!isObject(wire) || !isObject(wire["integration"])) return [];
  const { integration, credentialId, delegationCredentialId } = wire;
  if (typeof integration["type"] !== "string" || typeof credentialId !== "number") return [];
  // A broken account has neither `primary` nor `calendars`; one without a main calendar may have `primary: {}`.
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
