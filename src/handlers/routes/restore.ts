import { toAllConnections } from "../connection-list.js";
import { HttpError } from "../http/http-error.js";
import { readFields } from "../http/request.js";
import { success } from "../http/responses.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/**
 * `POST /calendars/restore` `{}`: a user who has linked their own Cal.com account agrees to get back the calendars and the destination
 * that a connection had before it was made again. Returns all connections.
 */
export const restoreCalendars: Route = {
  name: "restoreCalendars",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { client, maxBodyBytes } = context.options;
    const { userId } = await requireSession(request, context);
    await readFields(request, maxBodyBytes);
    if (!client.hasConnectionStore || !client.checkConnection) {
      throw new HttpError(404, "not_found", "This route needs a client with a connectionStore.");
    }
    await client.checkConnection(userId, { restore: true });
    const list = await client.forUser(userId).calendars.list();
    return success({ calendars: await toAllConnections(context, userId, list) });
  },
};
