import { listCalendars, type CalendarList } from "../api/endpoints/calendar-list.js";
import { getBusyTimes, type BusyTime } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { CalApiError, CalValidationError } from "../errors.js";
import { assertObject, assertText, assertTimeZone, toIsoRange } from "../lib/assert.js";
import type { TimeRange } from "./connection-calendars.js";
import { assertCredentialId, isDelegated } from "./connections-of.js";
import { traitsOf } from "./providers.js";

/** Input of `busyTimes`. */
export interface BusyTimesQuery extends TimeRange {
  /**
   * The calendars to read, as `list()` names them: any number.
   * @defaultValue all that are selected, but for those of delegated access
   */
  calendars?: readonly BusyCalendar[] | undefined;
  /**
   * Without `calendars`: leaves connections out that can't be read. The user then looks free where those calendars are
   * busy.
   * @defaultValue `false`
   */
  skipUnreadable?: boolean | undefined;
}

interface BusyCalendar {
  credentialId: number;
  externalId: string;
}

// Cal.com's query parser makes an object of a longer list, and rejects that: 400 "must be an array".
const MAX_CALENDARS = 20;
// Servers and proxies accept 8 kB of URL as a rule. The rest is for the base URL and the other parameters.
const MAX_URL_LENGTH = 6_000;

/** When the user is busy, by the given or all selected calendars: as few requests as Cal.com accepts, results merged. */
export async function busyTimesOf(
  send: Send,
  query: BusyTimesQuery,
  options: CallOptions | undefined,
): Promise<BusyTime[]> {
  assertObject("The query", query);
  const { timeZone = "UTC", calendars: given, skipUnreadable = false } = query;
  assertTimeZone("timeZone", timeZone);
  if (given !== undefined) assertCalendars(given);
  const range = { ...toIsoRange(query), timeZone };
  const calendars = given ?? selectedIn(await listCalendars(send, options), skipUnreadable);
  const requests = piecesOf(calendars).map((piece) =>
    getBusyTimes(send, { ...range, calendars: piece }, options),
  );
  return withoutDuplicates((await Promise.all(requests)).flat());
}

/**
 * The selected calendars of the user's own connections. One that two connections share is selected in both, and its busy
 * times are the same.
 */
function selectedIn({ connectedCalendars }: CalendarList, skipUnreadable: boolean): BusyCalendar[] {
  const unreadable = connectedCalendars.find(({ error }) => error !== null);
  if (unreadable && !skipUnreadable) {
    const { integration, credentialId } = unreadable;
    throw new CalApiError(
      `A connection can't be read, so its busy times would be missing: ${traitsOf(integration.type).label}, credential ${String(credentialId)}. calendars.check() says why. To go on without it: skipUnreadable.`,
      { code: "calendar_unreadable" },
    );
  }
  const selected = new Map<string, BusyCalendar>();
  for (const { integration, credentialId, calendars } of connectedCalendars.filter(
    (one) => !isDelegated(one),
  )) {
    for (const { externalId, isSelected } of calendars) {
      const key = JSON.stringify([integration.type, externalId]);
      if (isSelected && !selected.has(key)) selected.set(key, { credentialId, externalId });
    }
  }
  return [...selected.values()];
}

function assertCalendars(calendars: unknown): asserts calendars is readonly BusyCalendar[] {
  if (!Array.isArray(calendars) || calendars.length === 0) {
    throw new CalValidationError(
      "calendars must name one calendar or more; list() has them. Leave it out for all selected ones.",
    );
  }
  for (const calendar of calendars as BusyCalendar[]) assertCalendar(calendar);
}

function assertCalendar(calendar: BusyCalendar): void {
  assertObject("Each of calendars", calendar);
  assertCredentialId(calendar.credentialId, "Cal.com returns no busy times for it by calendar.");
  assertText("externalId", calendar.externalId);
}

/** The calendars in lists that Cal.com accepts. Those of one connection stay together where they can. */
function piecesOf(calendars: readonly BusyCalendar[]): BusyCalendar[][] {
  const different = new Map(
    calendars.map((one) => [JSON.stringify([one.credentialId, one.externalId]), one]),
  );
  const sorted = [...different.values()].sort((a, b) => a.credentialId - b.credentialId);
  const pieces: BusyCalendar[][] = [];
  let length = 0;
  for (const calendar of sorted) {
    const piece = pieces.at(-1);
    length += lengthOf(calendar);
    if (piece && piece.length < MAX_CALENDARS && length <= MAX_URL_LENGTH) {
      piece.push(calendar);
      continue;
    }
    pieces.push([calendar]);
    length = lengthOf(calendar);
  }
  return pieces;
}

/** How much of a URL a calendar takes. */
function lengthOf({ credentialId, externalId }: BusyCalendar): number {
  const names = "&calendarsToLoad[00][credentialId]=&calendarsToLoad[00][externalId]=";
  return encodeURIComponent(`${names}${String(credentialId)}${externalId.toWellFormed()}`).length;
}

/** A time that is busy in two calendars comes once for each of them. */
function withoutDuplicates(times: readonly BusyTime[]): BusyTime[] {
  return [...new Map(times.map((time) => [keyOf(time), time])).values()];
}

function keyOf({ start, end, source }: BusyTime): string {
  return JSON.stringify([start, end, source]);
}
