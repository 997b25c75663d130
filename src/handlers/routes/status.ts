import type { ConnectedCalendar } from "../../index.js";
import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { withLastCheck } from "../last-check.js";
import { withUnlistedApple } from "../unlisted-apple.js";
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
    const listed = (await list(request, context, userId)).map(toConnection);
    const [all] = await Promise.all([
      withUnlistedApple(context, userId, listed),
      context.known.note(userId, listed),
    ]);
    const calendars = await withLastCheck(context, userId, all);
    return success({ hasConnectedCalendars: calendars.some(({ connected }) => connected), calendars });
  },
};

async function list(request: Request, context: HandlerContext, userId: string): Promise<ConnectedCalendar[]> {
  try {
    return (await context.options.client.forUser(userId).calendars.list()).connectedCalendars;
  } catch (error) {
    // Without a managed user, nothing is connected yet.
    if (isCalError(error) && error.code === "user_not_found") return [];
    if (!isUserLost(error)) throw error;
    // The managed user was deleted at Cal.com. Connecting a calendar creates a new one.
    await reportError(context, { handler: "status", error, request });
    return [];
  }
}
