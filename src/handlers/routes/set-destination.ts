import type { CalendarReference, DestinationCalendar, UserCalendars } from "../../index.js";
import { isCalError } from "../../errors.js";
import { findChosen, readChoice, type CalendarChoice, type ChosenCalendar } from "../chosen-calendar.js";
import { toAllConnections } from "../connection-list.js";
import { HttpError } from "../http/http-error.js";
import { readFields } from "../http/request.js";
import { success } from "../http/responses.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/**
 * `POST /calendars/destination` `{credentialId, integration, externalId}`: the calendar that bookings are written to.
 * Returns all connections with the change.
 */
export const setDestination: Route = {
  name: "setDestination",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const choice = readChoice(await readFields(request, context.options.maxBodyBytes));
    const { calendars } = context.options.client.forUser(userId);
    const chosen = await findChosen(calendars, choice);
    const { list } = chosen;
    const destinationCalendar = toDestination(
      list.destinationCalendar,
      await write(calendars, choice, chosen),
    );
    const changed = { ...list, destinationCalendar };
    return success({ calendars: await toAllConnections(context, userId, changed) });
  },
};

async function write(
  calendars: UserCalendars,
  { integration, externalId }: CalendarChoice,
  { connection, calendar }: ChosenCalendar,
): Promise<CalendarReference> {
  if (calendar.readOnly) throw readOnly();
  const delegationCredentialId = connection.delegationCredentialId ?? undefined;
  try {
    return await calendars.setDestination({ integration, externalId, delegationCredentialId });
  } catch (error) {
    // An ICS feed is rejected as an integration. And of a calendar that two connections share, Cal.com takes the one that
    // it lists first.
    const isRefused = isCalError(error) && (error.code === "not_found" || error.code === "bad_request");
    throw isRefused ? readOnly() : error;
  }
}

function readOnly(): HttpError {
  return new HttpError(
    409,
    "read_only_calendar",
    "Bookings can't be written to this calendar: it is read-only. Choose another one.",
  );
}

/** Cal.com's response says which connection it has taken. */
function toDestination(
  before: DestinationCalendar | null,
  { integration, externalId, credentialId }: CalendarReference,
): DestinationCalendar {
  const { id = null, primaryEmail = null } = before ?? {};
  return { id, primaryEmail, integration, externalId, credentialId };
}
