import * as z from "zod/mini";
import type { CallOptions, Send } from "./call.js";
import { dataOf } from "./read.js";

/** Cal.com's name of a calendar integration. New ones may come. */
export type IntegrationType =
  "google_calendar" | "office365_calendar" | "apple_calendar" | "ics-feed_calendar" | (string & {});

/** What Cal.com tells of an integration: its names and logo. */
export interface Integration {
  type: IntegrationType;
  name?: string | null | undefined;
  title?: string | null | undefined;
  slug?: string | null | undefined;
  /** Path or URL of the logo, relative to Cal.com's web application. */
  logo?: string | null | undefined;
  /** Fields that this version doesn't know. */
  [field: string]: unknown;
}

/** One calendar of a connected account. */
export interface Calendar {
  /** The provider's id of the calendar. */
  externalId: string;
  integration?: IntegrationType | null | undefined;
  name?: string | null | undefined;
  primary?: boolean | null | undefined;
  readOnly?: boolean | null | undefined;
  email?: string | null | undefined;
  /** Whether Cal.com reads it for conflicts. */
  isSelected?: boolean | null | undefined;
  credentialId?: number | null | undefined;
  delegationCredentialId?: string | null | undefined;
  /** Fields that this version doesn't know. */
  [field: string]: unknown;
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
  id?: number | null | undefined;
  /** Empty while the account behind it is broken. */
  integration?: IntegrationType | null | undefined;
  /** Empty while the account behind it is broken. */
  externalId?: string | null | undefined;
  primaryEmail?: string | null | undefined;
  credentialId?: number | null | undefined;
  /** Fields that this version doesn't know. */
  [field: string]: unknown;
}

/** All connected accounts of a user. */
export interface CalendarList {
  connectedCalendars: ConnectedCalendar[];
  /** `null` if no calendar is connected. */
  destinationCalendar: DestinationCalendar | null;
}

// What nobody here needs may be missing or of another type: it must not make a whole list unreadable.
const flag = z.catch(z.optional(z.nullable(z.boolean())), undefined);
const text = z.catch(z.optional(z.nullable(z.string())), undefined);
const number = z.catch(z.optional(z.nullable(z.number())), undefined);

const integrationSchema = z.looseObject({
  type: z.string(),
  name: text,
  title: text,
  slug: text,
  logo: text,
});

const calendarSchema = z.looseObject({
  externalId: z.string(),
  integration: text,
  name: text,
  primary: flag,
  readOnly: flag,
  email: text,
  isSelected: flag,
  credentialId: number,
  delegationCredentialId: text,
});

// A broken account has neither `primary` nor `calendars`; one without a main calendar may have `primary: {}`.
const connectedSchema = z.looseObject({
  integration: integrationSchema,
  credentialId: z.number(),
  delegationCredentialId: text,
  primary: z.optional(z.unknown()),
  calendars: z.optional(z.unknown()),
  error: z.optional(z.unknown()),
});

const destinationSchema = z.looseObject({
  id: number,
  integration: text,
  externalId: text,
  primaryEmail: text,
  credentialId: number,
});

const listSchema = z.looseObject({
  connectedCalendars: z.array(z.unknown()),
  // `{}` for a user without calendars.
  destinationCalendar: z.optional(z.nullable(destinationSchema)),
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
    // Without a type and a credential there is nothing to do with an entry, not even to disconnect it.
    connectedCalendars: readable(connectedSchema, connectedCalendars).map(toConnectedCalendar),
    destinationCalendar: hasDestination ? destinationCalendar : null,
  };
}

function toConnectedCalendar(wire: z.infer<typeof connectedSchema>): ConnectedCalendar {
  const [primary = null] = readable(calendarSchema, [wire.primary]);
  return {
    ...wire,
    delegationCredentialId: wire.delegationCredentialId ?? null,
    primary,
    calendars: Array.isArray(wire.calendars) ? readable(calendarSchema, wire.calendars) : [],
    error: toError(wire.error),
  };
}

function toError(error: unknown): ConnectedCalendar["error"] {
  if (error === undefined || error === null) return null;
  const message = typeof error === "object" && "message" in error ? error.message : error;
  return { message: typeof message === "string" ? message : "The calendars can't be read." };
}

/** The values that have the schema's shape. */
function readable<T>(schema: z.ZodMiniType<T>, values: readonly unknown[]): T[] {
  return values.flatMap((value) => {
    const result = z.safeParse(schema, value);
    return result.success ? [result.data] : [];
  });
}
