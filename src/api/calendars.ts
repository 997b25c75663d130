import * as z from "zod/mini";
import type { CallOptions, Send } from "./call.js";
import { dataOf, nothing, UnreadableAnswerError } from "./read.js";

/** A provider whose calendars are connected by OAuth: the user consents on its page. */
export type OAuthProvider = "google" | "office365";

/** A provider whose connection can be checked and ended. */
export type CalendarProvider = OAuthProvider | "apple";

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

/** A credential that Cal.com keeps, or has just removed. */
export interface CalendarCredential {
  credentialId: number;
  type: IntegrationType;
}

/** A time in which the user is busy. */
export interface BusyTime {
  start: Date;
  end: Date;
  /** Which integration told of it, such as `google-calendar`. */
  source?: string | null | undefined;
}

/** A calendar that Cal.com reads for conflicts, or that bookings go to. */
export interface CalendarReference {
  integration: IntegrationType;
  externalId: string;
  credentialId: number | null;
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

const credentialSchema = z.looseObject({ id: z.number(), type: z.string() });
const referenceSchema = z.looseObject({
  integration: z.string(),
  externalId: z.string(),
  credentialId: z.nullable(z.number()),
});
// A browser is sent there: no other scheme is a consent page.
const authUrlSchema = z.looseObject({ authUrl: z.url({ protocol: /^https?$/ }) });
const instant = z.pipe(
  z.string().check(z.refine((value) => !Number.isNaN(Date.parse(value)))),
  z.transform((value) => new Date(value)),
);
/** Busy times, of a user or of one connection. */
export const busyTimesSchema = z.array(z.looseObject({ start: instant, end: instant, source: text }));

/** `GET /calendars/{calendar}/connect`: the provider's consent page. The URL carries the access token. */
export function getConnectUrl(
  send: Send,
  calendar: OAuthProvider,
  query: { redir: string; isDryRun: boolean },
  options: CallOptions = {},
): Promise<string> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars/{calendar}/connect",
    params: { calendar },
    query,
    secrets: [query.redir],
    read: (answer) => dataOf(authUrlSchema)(answer).authUrl,
  });
}

/** `GET /calendars/{calendar}/save`: answers the `Location` it would send a browser to, which proves nothing. */
export function saveCredentials(
  send: Send,
  calendar: OAuthProvider,
  query: { state: string; code: string },
  secrets: readonly string[],
  options: CallOptions = {},
): Promise<string | null> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars/{calendar}/save",
    params: { calendar },
    query,
    secrets: [query.state, query.code, ...secrets],
    // A code buys credentials once.
    idempotent: false,
    answersRedirect: true,
    advice: {
      401: "The access token in the state is gone: tokens were issued anew meanwhile. Start again with connectUrl().",
      500: "The code was wrong or used up, or access to calendars was not granted. Start again with connectUrl().",
    },
    read: ({ status, headers }) => {
      if (status < 300) throw new UnreadableAnswerError("it is not a redirect");
      return headers.get("location") || null;
    },
  });
}

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

/** `GET /calendars/{calendar}/check`: resolves if the connection works. */
export function checkCalendar(
  send: Send,
  calendar: CalendarProvider,
  options: CallOptions = {},
): Promise<void> {
  return send({
    ...options,
    method: "GET",
    path: "/calendars/{calendar}/check",
    params: { calendar },
    read: nothing,
  });
}

/** `POST /calendars/{calendar}/disconnect`. Cal.com ignores the name in the path: the id alone decides. */
export function disconnectCalendar(
  send: Send,
  calendar: CalendarProvider | "ics-feed",
  credentialId: number,
  options: CallOptions = {},
): Promise<CalendarCredential> {
  return send({
    ...options,
    method: "POST",
    path: "/calendars/{calendar}/disconnect",
    params: { calendar },
    body: { id: credentialId },
    read: (answer) => toCredential(dataOf(credentialSchema)(answer)),
  });
}

function toCredential({ id, type }: z.infer<typeof credentialSchema>): CalendarCredential {
  return { credentialId: id, type };
}

/** `POST /calendars/{calendar}/credentials`, for Apple: Cal.com tries the password, except for a user name it has already. */
export function saveAppleCredentials(
  send: Send,
  credentials: { username: string; password: string },
  options: CallOptions = {},
): Promise<void> {
  const { username, password } = credentials;
  return send({
    ...options,
    method: "POST",
    path: "/calendars/{calendar}/credentials",
    params: { calendar: "apple" },
    body: { username, password },
    secrets: [password],
    read: nothing,
  });
}

/** `POST /calendars/ics-feed/save`. Saving the same feeds again makes a second credential. */
export function saveIcsFeed(
  send: Send,
  feed: { urls: readonly string[]; readOnly?: boolean | undefined },
  options: CallOptions = {},
): Promise<CalendarCredential> {
  return send({
    ...options,
    method: "POST",
    path: "/calendars/ics-feed/save",
    body: { urls: feed.urls, readOnly: feed.readOnly },
    // A feed's address is often its only protection.
    secrets: feed.urls,
    read: (answer) => toCredential(dataOf(credentialSchema)(answer)),
  });
}

/** `GET /calendars/ics-feed/check`: resolves if the feeds work. */
export function checkIcsFeed(send: Send, options: CallOptions = {}): Promise<void> {
  return send({ ...options, method: "GET", path: "/calendars/ics-feed/check", read: nothing });
}

/** `GET /calendars/busy-times`. */
export function getBusyTimes(
  send: Send,
  query: {
    from: string;
    to: string;
    timeZone: string;
    calendars: readonly { credentialId: number; externalId: string }[];
  },
  options: CallOptions = {},
): Promise<BusyTime[]> {
  const calendars = query.calendars.flatMap(({ credentialId, externalId }, index) => [
    [`calendarsToLoad[${String(index)}][credentialId]`, credentialId],
    [`calendarsToLoad[${String(index)}][externalId]`, externalId],
  ]);
  return send({
    ...options,
    method: "GET",
    path: "/calendars/busy-times",
    query: {
      timeZone: query.timeZone,
      dateFrom: query.from,
      dateTo: query.to,
      ...(Object.fromEntries(calendars) as Record<string, string | number>),
    },
    secrets: query.calendars.flatMap(({ externalId }) => secretsIn(externalId)),
    read: dataOf(busyTimesSchema),
  });
}

/** `PUT /destination-calendars`. */
export function setDestinationCalendar(
  send: Send,
  calendar: { integration: IntegrationType; externalId: string; delegationCredentialId?: string | undefined },
  options: CallOptions = {},
): Promise<CalendarReference> {
  const { integration, externalId, delegationCredentialId } = calendar;
  return send({
    ...options,
    method: "PUT",
    path: "/destination-calendars",
    body: { integration, externalId, delegationCredentialId },
    secrets: secretsIn(externalId),
    read: dataOf(referenceSchema),
  });
}

/** The id of an ICS feed's calendar is the feed's address, which is often its only protection. */
export function secretsIn(externalId: string): string[] {
  return externalId.includes("://") ? [externalId] : [];
}
