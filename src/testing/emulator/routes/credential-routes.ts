import { done, success, type Call, type Reply, type Route } from "../http/route.js";
import { isString, validate, type Field } from "../http/validate.js";
import { isFeedReadable } from "../model/accounts.js";
import { credentialOutput, credentialsOf, forgetCalendars, storeCredential } from "../model/credentials.js";
import { bare, exception } from "../model/errors.js";
import { unknownCalendar } from "./connect-routes.js";

export const credentialRoutes: Route[] = [
  {
    method: "POST",
    path: "/v2/calendars/:calendar/credentials",
    access: "user",
    scope: "APPS_WRITE",
    handle: saveCredentials,
  },
  {
    method: "POST",
    path: "/v2/calendars/ics-feed/save",
    access: "user",
    scope: "APPS_WRITE",
    handle: saveFeed,
  },
];

const credentialField = (property: string): Field => ({
  property,
  rules: [
    {
      name: "minLength",
      message: `${property} must be longer than or equal to 1 characters`,
      ok: (value) => typeof value === "string" && value.length >= 1,
    },
    isString(property),
  ],
});

function saveCredentials({ state, caller, body, param }: Call): Reply {
  // Cal.com doesn't handle a password that is a number.
  if (typeof (body as Record<string, unknown>)["password"] === "number") throw bare(500);
  const { username, password } = validate(body, [
    credentialField("username"),
    credentialField("password"),
  ]) as {
    username: string;
    password: string;
  };
  if (param("calendar") !== "apple") throw unknownCalendar();
  if (username.length <= 1 || password.length <= 1) {
    throw exception(400, "Username or password cannot be empty");
  }

  const userId = caller.user.id;
  const known = credentialsOf(state, userId, "apple_calendar").find(({ account }) => account === username);
  if (known) {
    // The password of a known user name is replaced without a check.
    known.password = password;
    return done(201);
  }
  if (state.accounts.broken.has("apple")) throw refusal("cannot find homeUrl");
  const account = state.accounts.find("apple", username);
  if (account?.email !== username || account.password !== password) throw refusal("Invalid credentials");
  // The cached list stays: `check` may not see the new calendar for up to 10 s.
  storeCredential(state, { userId, type: "apple_calendar", account: username, password });
  return done(201);
}

const refusal = (reason: string): Error =>
  exception(400, `Could not add this apple calendar account: Error: ${reason}`);

const isFilledArray = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const feedFields: Field[] = [
  {
    property: "readOnly",
    initial: true,
    rules: [
      {
        name: "isBoolean",
        message: "readOnly must be a boolean value",
        ok: (value) => typeof value === "boolean",
      },
    ],
  },
  {
    property: "urls",
    rules: [
      {
        name: "IsICSUrlConstraint",
        message: "The URL must be a valid ICS URL (ending with .ics)",
        ok: (value) => Array.isArray(value) && value.every(isFeedUrl),
      },
      {
        name: "isNotEmpty",
        message: "each value in urls should not be empty",
        ok: (value) => Array.isArray(value) && value.every((url) => url !== "" && url !== null),
      },
      { name: "arrayNotEmpty", message: "urls should not be empty", ok: isFilledArray },
      { name: "isArray", message: "urls must be an array", ok: (value) => Array.isArray(value) },
    ],
  },
];

function isFeedUrl(value: unknown): boolean {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, pathname } = new URL(value);
  return /^https?:$/.test(protocol) && pathname.endsWith(".ics");
}

/** Each call adds a credential, also for the same feed. All of its URLs must be readable. */
function saveFeed({ state, caller, body }: Call): Reply {
  const { urls, readOnly } = validate(body, feedFields) as { urls: string[]; readOnly: boolean };
  if (!urls.every((url) => isFeedReadable(state.accounts, url))) {
    throw exception(400, "Could not add ICS feeds");
  }
  const userId = caller.user.id;
  const credential = storeCredential(state, {
    userId,
    type: "ics-feed_calendar",
    account: "",
    urls,
    readOnly,
  });
  forgetCalendars(state, userId);
  return success(credentialOutput(credential), 201);
}
