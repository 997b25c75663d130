import { done, success, type Call, type Reply, type Route } from "../http/route.js";
import { isInt, validate } from "../http/validate.js";
import type { EmulatorProvider } from "../model/accounts.js";
import { listCalendars } from "../model/calendars.js";
import { credentialOutput, credentialsOf, forgetCalendars, removeCredential } from "../model/credentials.js";
import { exception } from "../model/errors.js";
import { integrations } from "../model/integrations.js";
import type { State } from "../model/state.js";
import { busyTimes } from "./busy-times.js";
import { unknownCalendar } from "./connect-routes.js";

export const calendarRoutes: Route[] = [
  { method: "GET", path: "/v2/calendars", access: "user", scope: "APPS_READ", handle: list },
  {
    method: "GET",
    path: "/v2/calendars/busy-times",
    access: "user",
    scope: "APPS_READ",
    handle: busyTimes,
  },
  {
    method: "GET",
    path: "/v2/calendars/ics-feed/check",
    access: "user",
    scope: "APPS_READ",
    handle: checkFeed,
  },
  {
    method: "GET",
    path: "/v2/calendars/:calendar/check",
    access: "user",
    permission: "APPS_READ",
    scope: "APPS_READ",
    handle: check,
  },
  {
    method: "POST",
    path: "/v2/calendars/:calendar/disconnect",
    access: "user",
    scope: "APPS_WRITE",
    handle: disconnect,
  },
];

function list({ state, caller }: Call): Reply {
  return success(listCalendars(state, caller.user.id));
}

function check(call: Call): Reply {
  const name = call.param("calendar");
  if (name !== "google" && name !== "office365" && name !== "apple") throw unknownCalendar();
  return checkProvider(call.state, call.caller.user.id, name);
}

function checkFeed({ state, caller }: Call): Reply {
  return checkProvider(state, caller.user.id, "ics-feed");
}

/** Reads the first credential of the provider, and the list, which may be cached from before it. */
function checkProvider(state: State, userId: number, provider: EmulatorProvider): Reply {
  const { type, notFound, invalid, notConnected } = integrations[provider];
  const [credential] = credentialsOf(state, userId, type);
  if (!credential) throw exception(400, notFound);
  if (credential.invalid) throw exception(400, invalid);
  const entry = listCalendars(state, userId).connectedCalendars.find(
    ({ integration }) => integration["type"] === type,
  );
  if (!entry) throw exception(401, notConnected);
  if (entry.error) throw exception(401, entry.error.message);
  return done();
}

/** The name in the path is ignored. */
function disconnect({ state, caller, body }: Call): Reply {
  const { id } = validate(body, [{ property: "id", rules: [isInt("id")] }]);
  const credential = state.credentials.get(id as number);
  if (credential?.userId !== caller.user.id) throw exception(404, "Calendar credentials not found");
  removeCredential(state, credential);
  forgetCalendars(state, caller.user.id);
  return success(credentialOutput(credential));
}
