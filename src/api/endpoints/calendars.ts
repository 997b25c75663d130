import * as z from "zod/mini";
import type { IntegrationType } from "./calendar-list.js";
import type { ApiResponse, CallOptions, Send } from "../request.js";
import { dataOf, nothing, lenient, UnreadableResponseError } from "../response.js";

/** A provider whose calendars are connected by OAuth: the user consents on its page. */
export type OAuthProvider = "google" | "office365";

/** A provider whose connection can be checked and ended. */
export type CalendarProvider = OAuthProvider | "apple";

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
  source: string | null;
}

/** A calendar that Cal.com reads for conflicts, or that bookings go to. */
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
// A browser is sent there: no other scheme is a consent page.
const authUrlSchema = z.looseObject({ authUrl: z.string().check(z.refine(isHttpUrl)) });
const instant = z.string().check(z.refine((value) => !Number.isNaN(Date.parse(value))));
const busyTimesSchema = z.array(z.looseObject({ start: instant, end: instant }));

/** Busy times, of a user or of one connection. */
export function readBusyTimes(answer: ApiResponse): BusyTime[] {
  return dataOf(busyTimesSchema)(answer).map((wire) => ({
    ...lenient(wire, { source: "string" }),
    start: new Date(wire.start),
    end: new Date(wire.end),
  }));
}

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
    expectsRedirect: true,
    errorCodes: { 500: "code_rejected" },
    advice: {
      401: "The access token in the state is gone: tokens were issued anew meanwhile. Start again with connectUrl().",
      500: "The code was wrong or used up, or access to calendars was not granted. Start again with connectUrl().",
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
    read: dataOf(referenceSchema),
  });
}

/** The id of an ICS feed's calendar is the feed's address, which is often its only protection. */
export function secretsIn(externalId: string): string[] {
  return externalId.includes("://") ? [externalId] : [];
}

function isHttpUrl(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}
