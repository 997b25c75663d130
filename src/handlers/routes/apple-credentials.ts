import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { requireSession, asUser } from "../session.js";
import { HttpError } from "../http/http-error.js";
import { readFields, required, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Route } from "../types.js";

// Apple's app-specific passwords have 19 characters, addresses 254 at most.
const MAX_LENGTH = 320;

/** `POST /calendars/apple-credentials` `{username, password}`: connects Apple's calendar. */
export const appleCredentials: Route = {
  name: "appleCredentials",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const session = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const username = required("username", textField(fields, "username", MAX_LENGTH));
    const password = required("password", textField(fields, "password", MAX_LENGTH));
    const connections = await asUser(context, session, async ({ calendars }) => {
      await orRefused(calendars.connectApple({ username, password }));
      return (await calendars.list()).connectedCalendars
        .map(toConnection)
        .filter(({ calendarType }) => calendarType === "apple");
    });
    await context.options.onConnected?.({ userId: session.userId, provider: "apple", connections, request });
    // Not checked: for up to 10 seconds Cal.com's check doesn't see a calendar that it has just tried itself.
    return success({ calendarType: "apple", connected: true });
  },
};

async function orRefused(connection: Promise<void>): Promise<void> {
  try {
    await connection;
  } catch (error) {
    if (!(isCalError(error) && error.code === "bad_request")) throw error;
    throw new HttpError(
      400,
      "invalid_credentials",
      "Apple did not accept this user name and app-specific password.",
    );
  }
}
