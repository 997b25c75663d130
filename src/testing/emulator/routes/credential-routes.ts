import { credentialOutput, credentialsOf, forgetCalendars, storeCredential } from "../model/calendars.js";
import { unknownCalendar } from "./connect-routes.js";
import { exception } from "../model/errors.js";
import { done, success, type Call, type Reply, type Route } from "../http/route.js";
import { isString, validate, type Field } from "../http/validate.js";

export const credentialRoutes: Route[] = [
  { method: "POST", path: "/v2/calendars/:calendar/credentials", access: "user", handle: saveCredentials },
  { method: "POST", path: "/v2/calendars/ics-feed/save", access: "user", handle: saveFeed },
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
  const { username, password } = validate(body, [
    credentialField("username"),
    credentialField("password"),
  ]) as {
    username: string;
    password: string;
  };
  if (param("calendar") !== "apple") throw unknownCalendar();
  if (username.length <= 1 || password.length <= 1)
    throw exception(400, "Username or password cannot be empty");

  const userId = caller.user.id;
  // The same user name again is not even tried.
  const isKnown = credentialsOf(state, userId, "apple_calendar").some(({ account }) => account === username);
  if (isKnown) return done(201);
  if (state.accounts.broken.has("apple")) throw refusal("cannot find homeUrl");
  const account = state.accounts.find("apple", username);
  if (account?.email !== username || account.password !== password) throw refusal("Invalid credentials");
  // The kept list stays: for up to 10 s `check` doesn't see the new calendar.
  storeCredential(state, { userId, type: "apple_calendar", account: username });
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

/** A feed that is there already is added once more. */
function saveFeed({ state, caller, body }: Call): Reply {
  const { urls, readOnly } = validate(body, feedFields) as { urls: string[]; readOnly: boolean };
  if (state.accounts.broken.has("ics-feed")) throw exception(400, "Could not add ICS feeds");
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
