import { success, type Call, type Reply } from "../http/route.js";
import { isIsoDate, isString, isTimeZone, validate, type Field } from "../http/validate.js";
import { DELEGATED_CREDENTIAL_ID } from "../model/calendars.js";
import { accountOf, delegationFailureOf, failureOf } from "../model/credentials.js";
import { exception } from "../model/errors.js";
import { integrationOf } from "../model/integrations.js";
import type { CredentialType, Delegation, State } from "../model/state.js";

interface BusySlot {
  start: string;
  end: string;
  source: string;
}

/** A calendar to read, by what it is read with. */
export interface WantedCalendar {
  credentialId: number;
  externalId: string;
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
    transform: (value) => (Array.isArray(value) ? value.map(toWanted) : value),
    rules: [
      { name: "isArray", message: "calendarsToLoad must be an array", ok: (value) => Array.isArray(value) },
    ],
    each: [
      {
        property: "credentialId",
        rules: [
          {
            name: "isNumber",
            message: "credentialId must be a number conforming to the specified constraints",
            ok: (value) => Number.isFinite(value),
          },
        ],
      },
      { property: "externalId", rules: [isString("externalId")] },
    ],
  },
];

function toWanted(given: unknown): Record<string, unknown> {
  const { credentialId, externalId } = (typeof given === "object" && given !== null ? given : {}) as Partial<
    Record<string, unknown>
  >;
  return { credentialId: Number.parseInt(String(credentialId), 10), externalId };
}

/** `GET /calendars/busy-times` */
export function busyTimes({ state, caller, query }: Call): Reply {
  const { timeZone, loggedInUsersTz, dateFrom, dateTo, calendarsToLoad } = validate(query, fields);
  if (timeZone === undefined && loggedInUsersTz === undefined) {
    throw exception(400, "Either timeZone or loggedInUsersTz must be provided");
  }
  const wanted = calendarsToLoad as WantedCalendar[];
  return success(busySlots(state, caller.user.id, wanted, dateFrom as string, dateTo as string));
}

/** The busy times in calendars of a user. An unknown calendar has none. */
export function busySlots(
  state: State,
  userId: number,
  calendars: WantedCalendar[],
  from: string,
  to: string,
): BusySlot[] {
  return calendars.flatMap(({ credentialId, externalId }) => {
    const source = sourceOf(state, userId, credentialId, externalId);
    if (source.failure !== undefined) {
      throw exception(500, "Unable to fetch connected calendars events. Please try again later.");
    }
    const events = accountOf(state, source)?.events ?? [];
    return events
      .filter((event) => event.calendarId === externalId && event.status !== "cancelled")
      .filter((event) => overlaps(event, from, to))
      .map(({ start, end }) => ({
        start: new Date(start).toISOString(),
        end: new Date(end).toISOString(),
        source: integrationOf(source.type).slug,
      }));
  });
}

function sourceOf(
  state: State,
  userId: number,
  credentialId: number,
  externalId: string,
): { type: CredentialType; account: string; failure: string | undefined } {
  if (credentialId === DELEGATED_CREDENTIAL_ID) {
    const delegation = state.delegations.find(
      (one) => one.userId === userId && hasCalendar(state, one, externalId),
    );
    if (delegation) return { ...delegation, failure: delegationFailureOf(state, delegation) };
  }
  const credential = state.credentials.get(credentialId);
  if (credential?.userId !== userId) throw exception(401, "These credentials do not belong to you");
  return { ...credential, failure: failureOf(state, credential) };
}

function hasCalendar(state: State, delegation: Delegation, externalId: string): boolean {
  const calendars = accountOf(state, delegation)?.calendars ?? [];
  return calendars.some((calendar) => calendar.externalId === externalId);
}

/** Accepts a range whose end comes before its start. */
export function overlaps(event: { start: string; end: string }, from: string, to: string): boolean {
  const [first, last] = [Date.parse(from), endOf(to)].sort((a, b) => a - b) as [number, number];
  return Date.parse(event.start) < last && Date.parse(event.end) > first;
}

/** A date without a time means the whole day. */
function endOf(date: string): number {
  return Date.parse(date) + (date.length === 10 ? 24 * 60 * 60_000 : 0);
}
