import type { CalendarList } from "../../index.js";
import { isCalError } from "../../errors.js";
import { toAllConnections } from "../connection-list.js";
import { requireSession, isUserLost } from "../session.js";
import { success } from "../http/responses.js";
import type { HandlerContext, Route } from "../types.js";
import { reportError } from "../report-error.js";

/** `GET /calendars/status`: the connections, and whether one of them works. */
export const status: Route = {
  name: "status",
  methods: ["GET"],
  // Changes nothing, and a browser doesn't let other sites read the response.
  refusesCrossSite: false,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const calendars = await toAllConnections(context, userId, await list(request, context, userId));
    return success({ hasConnectedCalendars: calendars.some(({ connected }) => connected), calendars });
  },
};

async function list(request: Request, context: HandlerContext, userId: string): Promise<CalendarList> {
  try {
    return await context.options.client.forUser(userId).calendars.list();
  } catch (error) {
    // Without a managed user, nothing is connected yet.
    if (isCalError(error) && error.code === "user_not_found") return nothing;
    if (!isUserLost(error)) throw error;
    // The managed user was deleted at Cal.com. Connecting a calendar creates a new one.
    await reportError(context, { handler: "status", error, request });
    return nothing;
  }
}

const nothing: CalendarList = { connectedCalendars: [], destinationCalendar: null };
