import type { Calendar, CalendarList, ConnectedCalendar, UserCalendars } from "../index.js";
import { isCalError } from "../errors.js";
import { emptyList } from "./account.js";
import { HttpError, invalidInput } from "./http/http-error.js";
import { idField, required, textField, type Fields } from "./http/request.js";

/** Names a calendar: one that two connections share is in both. */
export interface CalendarChoice {
  /** -1 for delegated access. */
  credentialId: number;
  integration: string;
  externalId: string;
}

/** A calendar that a page has named, and the list that it is in. */
export interface ChosenCalendar {
  list: CalendarList;
  connection: ConnectedCalendar;
  calendar: Calendar;
}

/** Reads which calendar a request names. */
export function readChoice(fields: Fields): CalendarChoice {
  const credentialId = fields["credentialId"] === -1 ? -1 : idField(fields, "credentialId");
  if (credentialId === undefined) throw invalidInput("credentialId must not be empty.");
  return {
    credentialId,
    integration: required("integration", textField(fields, "integration")),
    externalId: required("externalId", textField(fields, "externalId")),
  };
}

/**
 * Finds the calendar in the user's list. Cal.com itself compares the credential only, and would store a calendar that is
 * not in it.
 */
export async function findChosen(
  calendars: UserCalendars,
  { credentialId, integration, externalId }: CalendarChoice,
): Promise<ChosenCalendar> {
  const list = await listOf(calendars);
  const connections = list.connectedCalendars.filter(
    (one) => one.credentialId === credentialId && one.integration.type === integration,
  );
  for (const connection of connections) {
    const calendar = connection.calendars.find((one) => one.externalId === externalId);
    if (calendar) return { list, connection, calendar };
  }
  if (connections.some(({ error }) => error !== null)) {
    throw new HttpError(409, "calendar_unreadable", "This calendar can't be read. Connect it again first.");
  }
  throw new HttpError(404, "not_found", "This calendar is not connected any more. Load the page again.");
}

async function listOf(calendars: UserCalendars): Promise<CalendarList> {
  try {
    return await calendars.list();
  } catch (error) {
    // Without an account at Cal.com, nothing is connected.
    if (!(isCalError(error) && error.code === "user_not_found")) throw error;
    return emptyList;
  }
}
