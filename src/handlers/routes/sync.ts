import { calendarProviders } from "../../calendars/providers.js";
import type { SyncResult } from "../../index.js";
import { isCalError } from "../../errors.js";
import { emptyList, toConnections } from "../account.js";
import { withMemory } from "../connection-list.js";
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
    const synced = await orNothing(calendars.sync(calendarType));
    const { status, removedDuplicates } = synced;
    const connections = toConnections(synced, calendarType, status);
    await context.known.note(userId, connections);
    if (removedDuplicates.length > 0) {
      const event = { userId, provider: calendarType, credentialIds: removedDuplicates, request };
      await context.options.onDisconnected(event);
    }
    return success({ calendarType, ...status, calendars: await withMemory(context, userId, connections) });
  },
};

/** A user without a managed user has connected nothing yet. */
async function orNothing(sync: Promise<SyncResult>): Promise<SyncResult> {
  try {
    return await sync;
  } catch (error) {
    if (!(isCalError(error) && error.code === "user_not_found")) throw error;
    const message = "No calendar is connected yet.";
    const status = { connected: false, reason: "not_connected", message } as const;
    return { status, ...emptyList, removedDuplicates: [] };
  }
}
