// In each application: the routes of calbridge, for users who are "signed in" by a cookie that a test sets.
import { CalClient, memoryTokenStore } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";

let client;
let handlers;

/** The client. Frameworks load this module more than once: the store is one for the process. */
export function cal() {
  globalThis.tokenStore ??= memoryTokenStore();
  return (client ??= CalClient.fromEnv({ tokenStore: globalThis.tokenStore }));
}

/** The handlers, created at the first request: a build has no secrets. The environment has the other options. */
export function calendar(options = {}) {
  return (handlers ??= createCalHandlers.fromEnv({
    client: cal(),
    authenticate(request) {
      const [, name] = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "") ?? [];
      return name ? { userId: name, email: `${name}@example.com`, name, timeZone: "Europe/London" } : null;
    },
    successUrl: "/settings",
    ...options,
  }));
}

/** The addresses of a user's connected accounts, for a page that a server renders. */
export async function accountsOf(userId) {
  try {
    const { connectedCalendars } = await cal().forUser(userId).calendars.list();
    return connectedCalendars.map(({ primary }) => primary?.email ?? primary?.externalId).join(", ");
  } catch (error) {
    if (error.code === "user_not_found") return "none";
    throw error;
  }
}
