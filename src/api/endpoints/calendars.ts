import * as z from "zod/mini";
import type { IntegrationType } from "./calendar-list.js";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, lenient, readSuccess, UnreadableResponseError } from "../response.js";

/** A provider whose calendars are connected by OAuth: the user consents on the provider's page. */
export type OAuthProvider = "google" | "office365";

/** A provider whose connection can be checked and disconnected. */
export type CalendarProvider = OAuthProvider | "apple";

/** A credential that Cal.com stores, or has just removed. */
export interface CalendarCredential {
  credentialId: number;
  type: IntegrationType;
}

/** A time in which the user is busy. */
export interface BusyTime {
  start: Date;
  end: Date;
  /** The integration that it comes from, such as `google-calendar`. */
  source: string | null;
}

/** A calendar that Cal.com checks for conflicts, or that bookings are written to. */
export interface CalendarReference {
  integration: IntegrationType;
  externalId: string;
  credentialId: number | null;
}

const credentialSchema = z.looseObject({ id: z.number(), type: z.string() });
const referenceSchema = z.looseObject({
  integration: z.string(),
  externalId: z.string(),
  credentialId: z.nullable(z.number()),
});
// A browser is redirected to this URL: accept http and https only.
const authUrlSchema = z.looseObject({ authUrl: z.string().check(z.refine(isHttpUrl)) });
const instant = z.string().check(z.refine((value) => !Number.isNaN(toInstant(value).getTime())));
const busyTimesSchema = z.array(z.looseObject({ start: instant, end: instant }));

/** Reads the busy times of a user or of one connection. */
export function readBusyTimes(response: ApiResponse): BusyTime[] {
  return dataOf(busyTimesSchema)(response).map((wire) => ({
    ...lenient(wire, { source: "string" }),
    start: toInstant(wire.start),
    end: toInstant(wire.end),
  }));
}

/** Reads a time. One without a zone is UTC, as all of Cal.com's are: `Date` would read it in the server's own zone. */
function toInstant(value: string): Date {
  const hasZone = /(?:z|gmt|utc|[+-]\d{2}(?::?\d{2})?|\([^)]*\))\s*$/i.test(value);
  const hasTime = /\d:\d{2}/.test(value);
  if (!hasTime || hasZone) return new Date(value);
  return new Date(`${value.trim().replace(/^(\d{4}-\d{2}-\d{2}) /, "$1T")}Z`);
}

/** `GET /calendars/{calendar}/connect`: the URL of the provider's consent page. It contains the access token. */
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
    read: (response) => dataOf(authUrlSchema)(response).authUrl,
  });
}

/**
 * `GET /calendars/{calendar}/save`: returns the `Location` of Cal.com's redirect. A redirect does not prove that the
 * calendar is connected.
 */
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
    // A code can be exchanged once.
    idempotent: false,
    expectsRedirect: true,
    errorCodes: { 500: "code_rejected" },
    advice: {
      401: "The access token in the state is no longer valid, as new tokens were issued meanwhile. Start again with connectUrl().",
      500: "The code was wrong or already used, or access to calendars was not granted. Start again with connectUrl().",
    },
    read: ({ status, headers }) => {
      if (status < 300) throw new UnreadableResponseError("it is not a redirect");
      return headers.get("location") || null;
    },
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
    read: readSuccess,
  });
}

/** `POST /calendars/{calendar}/disconnect`. Cal.com ignores the name in the path and uses the id only. */
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
    read: (response) => toCredential(dataOf(credentialSchema)(response)),
  });
}

function toCredential({ id, type }: z.infer<typeof credentialSchema>): CalendarCredential {
  return { credentialId: id, type };
}

/**
 * `POST /calendars/{calendar}/credentials`, for Apple. Cal.com tries the password, unless it already stores a credential
 * with this user name.
 */
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
    read: readSuccess,
  });
}

/** `POST /calendars/ics-feed/save`. Saving the same feeds again creates a second credential. */
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
    // Often the URL is the only protection of a feed.
    secrets: feed.urls,
    read: (response) => toCredential(dataOf(credentialSchema)(response)),
  });
}

/** `GET /calendars/ics-feed/check`: resolves if the feeds work. */
export function checkIcsFeed(send: Send, options: CallOptions = {}): Promise<void> {
  return send({ ...options, method: "GET", path: "/calendars/ics-feed/check", read: readSuccess });
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
    read: readBusyTimes,
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
    advice: {
      404: "The calendar is read-only, its connection can't be read, or it is none of the user's. Choose one that list() shows without readOnly.",
    },
    read: dataOf(referenceSchema),
  });
}

/** The secrets in a calendar's id. An ICS feed's id is its URL, which is often its only protection. */
export function secretsIn(externalId: string): string[] {
  return externalId.includes("://") ? [externalId] : [];
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}
