import type { CalendarList } from "../../index.js";
import { isCalError } from "../../errors.js";
import { emptyList } from "../account.js";
import { toCalAccountView, type CalAccountView } from "../cal-account-view.js";
import { toAllConnections } from "../connection-list.js";
import { isLinkable, isLinkLost } from "../linked-account.js";
import { callOnUnlinked } from "../oauth/ended-links.js";
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
    const { list, hasAccount } = await find(request, context, userId);
    const [calendars, calAccount] = await Promise.all([
      toAllConnections(context, userId, list),
      hasAccount ? findAccount(context, userId) : null,
    ]);
    if (isLinkable(context) && calAccount?.grant !== "oauth") await tellUnlinked(request, context, userId);
    return success({
      hasConnectedCalendars: calendars.some(({ connected }) => connected),
      calendars,
      calAccount,
      linkable: isLinkable(context),
    });
  },
};

interface Found {
  list: CalendarList;
  /** Whether the user has a managed user, or an account that is linked. */
  hasAccount: boolean;
}

async function find(request: Request, context: HandlerContext, userId: string): Promise<Found> {
  const { calendars } = context.options.client.forUser(userId);
  try {
    return { list: await calendars.list(), hasAccount: true };
  } catch (error) {
    // Without an account at Cal.com, nothing is connected yet.
    if (isCalError(error) && error.code === "user_not_found") return { list: emptyList, hasAccount: false };
    // `calAccount` says why. The client's hook onReauthorizationRequired has reported it to the application.
    if (isLinkLost(error)) return { list: emptyList, hasAccount: true };
    if (!isUserLost(error)) throw error;
    // The account was deleted at Cal.com. Connecting a calendar creates, or links, a new one.
    await reportError(context, { handler: "status", error, request });
    return { list: emptyList, hasAccount: true };
  }
}

/** The account. Called after the list, which may have found that it has to be linked again. */
async function findAccount(context: HandlerContext, userId: string): Promise<CalAccountView | null> {
  if (!isLinkable(context)) return { grant: "managed" };
  return toCalAccountView(await context.options.client.forUser(userId).calAccount());
}

/** A link that has ended without the application being told: its function threw, or another user took the account. */
async function tellUnlinked(request: Request, context: HandlerContext, userId: string): Promise<void> {
  try {
    await callOnUnlinked(request, context, userId);
  } catch (error) {
    await reportError(context, { handler: "status", userId, error, request });
  }
}
