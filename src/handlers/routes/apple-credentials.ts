import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { requireSession, asUser } from "../session.js";
import { HttpError } from "../http/http-error.js";
import { readFields, required, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Route } from "../types.js";

// App-specific passwords have 19 characters; addresses have 254 or less.
const MAX_LENGTH = 320;

/** `POST /calendars/apple-credentials` `{username, password}`: connects an Apple account. */
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
      await mapRejection(calendars.connectApple({ username, password }));
      return (await calendars.list()).connectedCalendars
        .map(toConnection)
        .filter(({ calendarType }) => calendarType === "apple");
    });
    await context.options.onConnected?.({ userId: session.userId, provider: "apple", connections, request });
    // Not checked: Cal.com has just tried the password, and its check does not see a new account for up to 10 seconds.
    return success({ calendarType: "apple", connected: true });
  },
};

/** Cal.com returns 400 for credentials that Apple rejects. */
async function mapRejection(connection: Promise<void>): Promise<void> {
  try {
    await connection;
  } catch (error) {
    if (!(isCalError(error) && error.code === "bad_request")) throw error;
    throw new HttpError(
      400,
      "invalid_credentials",
      "Apple rejected this user name and app-specific password.",
    );
  }
}
