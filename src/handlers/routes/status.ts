import type { ConnectedCalendar } from "../../index.js";
import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { toCalAccountView, type CalAccountView } from "../cal-account-view.js";
import { isLinkable, isLinkLost } from "../linked-account.js";
import { withUnlistedApple } from "../unlisted-apple.js";
import { requireSession, isUserLost } from "../session.js";
import { success } from "../http/responses.js";
import type { HandlerContext, Route } from "../types.js";
import { reportError } from "../report-error.js";

/** `GET /calendars/status`: the connections, whether one of them works, and the account at Cal.com. */
export const status: Route = {
  name: "status",
  methods: ["GET"],
  // Changes nothing, and a browser doesn't let other sites read the response.
  refusesCrossSite: false,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const { connectedCalendars, hasAccount } = await list(request, context, userId);
    const listed = connectedCalendars.map(toConnection);
    const [calendars, calAccount] = await Promise.all([
      withUnlistedApple(context, userId, listed),
      hasAccount ? findAccount(context, userId) : null,
      context.known.note(userId, listed),
    ]);
    return success({
      hasConnectedCalendars: calendars.some(({ connected }) => connected),
      calendars,
      calAccount,
      linkable: isLinkable(context),
    });
  },
};

interface Listed {
  connectedCalendars: ConnectedCalendar[];
  /** Whether the user has a managed user, or an account that is linked. */
  hasAccount: boolean;
}

async function list(request: Request, context: HandlerContext, userId: string): Promise<Listed> {
  const { calendars } = context.options.client.forUser(userId);
  try {
    const { connectedCalendars } = await calendars.list();
    return { connectedCalendars, hasAccount: true };
  } catch (error) {
    // Without an account at Cal.com, nothing is connected yet.
    if (isCalError(error) && error.code === "user_not_found") {
      return { connectedCalendars: [], hasAccount: false };
    }
    // `calAccount` says why. The client's hook onReauthorizationRequired has told the application.
    if (isLinkLost(error)) return { connectedCalendars: [], hasAccount: true };
    if (!isUserLost(error)) throw error;
    // The account was deleted at Cal.com. Connecting a calendar creates, or links, a new one.
    await reportError(context, { handler: "status", error, request });
    return { connectedCalendars: [], hasAccount: true };
  }
}

/** The account. Called after the list, which may have found that it has to be linked again. */
async function findAccount(context: HandlerContext, userId: string): Promise<CalAccountView | null> {
  if (!isLinkable(context)) return { grant: "managed" };
  return toCalAccountView(await context.options.client.forUser(userId).calAccount());
}
