import { isCalError } from "../../errors.js";
import { toAccount } from "../account.js";
import { requireSession, asUser } from "../session.js";
import { Refusal } from "../http/http-error.js";
import { readFields, required, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Step } from "../types.js";

// Apple's app-specific passwords have 19 characters, addresses 254 at most.
const LONGEST = 320;

/** `POST /calendars/apple-credentials` `{username, password}`: connects Apple's calendar. */
export const appleCredentials: Step = {
  name: "appleCredentials",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const session = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const username = required("username", textField(fields, "username", LONGEST));
    const password = required("password", textField(fields, "password", LONGEST));
    const accounts = await asUser(context, session, async ({ calendars }) => {
      await orRefused(calendars.connectApple({ username, password }));
      return (await calendars.list()).connectedCalendars
        .map(toAccount)
        .filter(({ calendarType }) => calendarType === "apple");
    });
    await context.options.onConnected?.({ userId: session.userId, provider: "apple", accounts, request });
    // Not checked: for up to 10 seconds Cal.com's check doesn't see a calendar that it has just tried itself.
    return success({ calendarType: "apple", connected: true });
  },
};

async function orRefused(connection: Promise<void>): Promise<void> {
  try {
    await connection;
  } catch (error) {
    if (!(isCalError(error) && error.code === "bad_request")) throw error;
    throw new Refusal(
      400,
      "invalid_credentials",
      "Apple did not accept this user name and app-specific password.",
    );
  }
}
