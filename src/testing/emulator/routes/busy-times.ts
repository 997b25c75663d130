import { accountOf, isUsable } from "../model/calendars.js";
import { exception } from "../model/errors.js";
import { integrationOf } from "../model/integrations.js";
import { success, type Call, type Reply } from "../http/route.js";
import type { Credential, State } from "../model/state.js";
import { isIsoDate, isString, isTimeZone, validate, type Field } from "../http/validate.js";

export interface BusySlot {
  start: string;
  end: string;
  source: string;
}

const dateField = (property: string): Field => ({
  property,
  rules: [isIsoDate("isDateString", property), isString(property)],
});

const fields: Field[] = [
  { property: "loggedInUsersTz", optional: true, rules: [isTimeZone("loggedInUsersTz")] },
  { property: "timeZone", optional: true, rules: [isTimeZone("timeZone")] },
  dateField("dateFrom"),
  dateField("dateTo"),
  {
    property: "calendarsToLoad",
    transform: (value) => (Array.isArray(value) ? value.map(toCalendar) : value),
    rules: [
      { name: "isArray", message: "calendarsToLoad must be an array", ok: (value) => Array.isArray(value) },
    ],
  },
];

interface Wanted {
  credentialId: number;
  externalId: unknown;
}

function toCalendar(given: unknown): Wanted {
  const { credentialId, externalId } = (
    typeof given === "object" && given !== null ? given : {}
  ) as Partial<Wanted>;
  return { credentialId: Number(credentialId), externalId };
}

/** `GET /calendars/busy-times` */
export function busyTimes({ state, caller, query }: Call): Reply {
  const { timeZone, loggedInUsersTz, dateFrom, dateTo, calendarsToLoad } = validate(query, fields);
  if (timeZone === undefined && loggedInUsersTz === undefined) {
    throw exception(400, "Either timeZone or loggedInUsersTz must be provided");
  }
  const slots = (calendarsToLoad as Wanted[]).flatMap(({ credentialId, externalId }) => {
    const credential = state.credentials.get(credentialId);
    if (credential?.userId !== caller.user.id) throw exception(401, "These credentials do not belong to you");
    return busySlots(state, credential, dateFrom as string, dateTo as string, externalId);
  });
  return success(slots);
}

/**
 * What an account is busy with in a range.
 *
 * @param externalId - one calendar of it; Cal.com asks for one that isn't there as well, and the provider
 * that was recorded answered with what it had. Without it, all of them.
 */
export function busySlots(
  state: State,
  credential: Credential,
  from: string,
  to: string,
  externalId?: unknown,
): BusySlot[] {
  if (!isUsable(state, credential)) {
    throw exception(500, "Unable to fetch connected calendars events. Please try again later.");
  }
  const account = accountOf(state, credential);
  if (!account) return [];
  const isKnown = account.calendars.some((calendar) => calendar.externalId === externalId);
  return account.events
    .filter((event) => !isKnown || event.calendarId === externalId)
    .filter((event) => event.status !== "cancelled" && overlaps(event, from, to))
    .map(({ start, end }) => ({
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
      source: integrationOf(credential.type).slug,
    }));
}

/** A range that is the wrong way round is taken the right way. */
export function overlaps(event: { start: string; end: string }, from: string, to: string): boolean {
  const [first, last] = [Date.parse(from), endOf(to)].sort((a, b) => a - b) as [number, number];
  return Date.parse(event.start) < last && Date.parse(event.end) > first;
}

/** A date without a time means the whole of that day. */
function endOf(date: string): number {
  return Date.parse(date) + (date.length === 10 ? 24 * 60 * 60_000 : 0);
}
