import { calendarProviders } from "../../calendars/providers.js";
import type { SyncResult } from "../../index.js";
import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { requireSession } from "../session.js";
import { oneOf, readFields, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Route } from "../types.js";

/** `POST /calendars/sync-credentials` `{calendarType}`: refreshes the token if needed, lists the accounts and checks them. */
export const syncCredentials: Route = {
  name: "syncCredentials",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const calendarType = oneOf("calendarType", textField(fields, "calendarType"), calendarProviders);
    const { calendars } = context.options.client.forUser(userId);
    const { status, connectedCalendars } = await orNotConnected(calendars.sync(calendarType));
    const accounts = connectedCalendars.map(toConnection);
    context.known.note(accounts.map(({ credentialId }) => credentialId));
    return success({ calendarType, ...status, calendars: accounts });
  },
};

/** Without a managed user, nothing is connected yet. */
async function orNotConnected(sync: Promise<SyncResult>): Promise<Omit<SyncResult, "removedDuplicates">> {
  try {
    return await sync;
  } catch (error) {
    if (!(isCalError(error) && error.code === "user_not_found")) throw error;
    const message = "No calendar is connected yet.";
    return { status: { connected: false, reason: "not_connected", message }, connectedCalendars: [] };
  }
}
