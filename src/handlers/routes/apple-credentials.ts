import { isCalError } from "../../errors.js";
import type { CalendarStatus, UserCalendars } from "../../index.js";
import { asciiLowerCase } from "../../lib/ascii-lower-case.js";
import { toConnections, unlistedApple, type Connection } from "../account.js";
import { noteUnlistedApple } from "../unlisted-apple.js";
import { requireSession, asUser } from "../session.js";
import { HttpError } from "../http/http-error.js";
import { readFields, required, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Route } from "../types.js";

// App-specific passwords have 19 characters; addresses have 254 or less.
const MAX_LENGTH = 320;

/** `POST /calendars/apple-credentials` `{username, password}`: connects Apple's calendar. Disconnects nothing. */
export const appleCredentials: Route = {
  name: "appleCredentials",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const session = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const username = required("username", textField(fields, "username", MAX_LENGTH));
    const password = required("password", textField(fields, "password", MAX_LENGTH));
    const { userId } = session;
    const { status, connections } = await asUser(context, session, async ({ calendars }) => {
      const status = await orRejected(calendars.connectApple({ username, password }));
      const isListed = status.connected && status.listed !== false;
      return { status, connections: isListed ? await findAppleConnections(calendars, username) : [] };
    });
    if (!status.connected) {
      const { reason, message } = status;
      return success({ calendarType: "apple", connected: false, reason, message });
    }
    if (status.listed === false) await noteUnlistedApple(context, userId);
    await context.options.onConnected({ userId, provider: "apple", connections, request });
    // What the status route will list: Cal.com does not list a new Apple connection for some seconds.
    return success({ calendarType: "apple", ...status, calendars: [unlistedApple] });
  },
};

async function findAppleConnections(calendars: UserCalendars, username: string): Promise<Connection[]> {
  const list = await calendars.list();
  // Older servers give Apple's calendars no address.
  return toConnections(list, "apple").filter(
    ({ connected, email }) => connected && asciiLowerCase(email ?? username) === asciiLowerCase(username),
  );
}

async function orRejected(connecting: Promise<CalendarStatus>): Promise<CalendarStatus> {
  try {
    return await connecting;
  } catch (error) {
    if (!(isCalError(error) && error.code === "bad_request")) throw error;
    throw new HttpError(
      400,
      "invalid_credentials",
      "Apple rejected this user name and app-specific password.",
    );
  }
}
