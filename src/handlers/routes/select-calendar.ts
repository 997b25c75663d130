import type { CalendarList } from "../../index.js";
import { findChosen, readChoice, type CalendarChoice } from "../chosen-calendar.js";
import { toAllConnections } from "../connection-list.js";
import { readFields, requiredFlag } from "../http/request.js";
import { success } from "../http/responses.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/**
 * `POST /calendars/select` `{credentialId, integration, externalId, isSelected}`: whether Cal.com checks a calendar for
 * conflicts. Returns all connections with the change.
 */
export const selectCalendar: Route = {
  name: "selectCalendar",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const choice = readChoice(fields);
    const isSelected = requiredFlag(fields, "isSelected");
    const { calendars } = context.options.client.forUser(userId);
    const { list, connection } = await findChosen(calendars, choice);
    const { delegationCredentialId } = connection;
    if (isSelected) await calendars.select({ ...choice, delegationCredentialId });
    else await calendars.unselect({ ...choice, delegationCredentialId });
    const changed = withSelection(list, choice, isSelected);
    return success({ calendars: await toAllConnections(context, userId, changed) });
  },
};

/** Cal.com keeps the selection for a user's calendar, whichever connection it was made in. */
function withSelection(
  list: CalendarList,
  { integration, externalId }: CalendarChoice,
  isSelected: boolean,
): CalendarList {
  return {
    ...list,
    connectedCalendars: list.connectedCalendars.map((connection) => ({
      ...connection,
      calendars: connection.calendars.map((calendar) =>
        connection.integration.type === integration && calendar.externalId === externalId
          ? { ...calendar, isSelected }
          : calendar,
      ),
    })),
  };
}
