import { authenticate, throttle, type Caller } from "./http/auth.js";
import { authorize } from "./http/guards.js";
import { isTokenEndpoint, readBody } from "./http/body.js";
import { parseQuery } from "./http/query.js";
import type { Limiter } from "./http/rate-limits.js";
import { createResponder, pathAndQuery } from "./http/responder.js";
import type { Call, Reply, Route } from "./http/route.js";
import { createRouter, type RouteMatch } from "./http/router.js";
import { echoed, exception } from "./model/errors.js";
import type { LoggedRequest } from "./model/request-log.js";
import type { State } from "./model/state.js";
import { calendarRoutes } from "./routes/calendar-routes.js";
import { connectRoutes } from "./routes/connect-routes.js";
import { credentialRoutes } from "./routes/credential-routes.js";
import { eventRoutes } from "./routes/event-routes.js";
import { oauth2Routes } from "./routes/oauth2-routes.js";
import { bookingRoutes } from "./routes/booking-routes.js";
import { scheduleRoutes } from "./routes/schedule-routes.js";
import { selectionRoutes } from "./routes/selection-routes.js";
import { userRoutes } from "./routes/user-routes.js";

// Node's limit for the request line and the headers together.
const MAX_HEAD_BYTES = 16 * 1024;

const health: Route = {
  method: "GET",
  path: "/health",
  access: "public",
  handle: () => ({ status: 200, body: "OK", headers: { "Content-Type": "text/html; charset=utf-8" } }),
};

const findRoute = createRouter([
  health,
  ...userRoutes,
  ...oauth2Routes,
  ...connectRoutes,
  ...selectionRoutes,
  ...bookingRoutes,
  ...scheduleRoutes,
  // `/calendars/connections/...` and `/calendars/ics-feed/...` come before `/calendars/{calendar}/...`.
  ...credentialRoutes,
  ...eventRoutes,
  ...calendarRoutes,
]);

export type Api = (request: Request, entry: LoggedRequest) => Promise<Response>;

/** Cal.com's API as a function. Its steps are in Cal.com's order: body, route, rate limit, caller, input. */
export function createApi(state: State, limiter: Limiter): Api {
  const { respond, fail } = createResponder(state);

  /** The caller's rate limit is added to `limit`, so that error responses have it too. */
  async function handle(
    request: Request,
    { route, param }: RouteMatch,
    { body, limit, entry }: { body: unknown; limit: Record<string, string>; entry: LoggedRequest },
  ): Promise<Reply> {
    const { headers } = request;
    const tracked = throttle(state, limiter, headers);
    Object.assign(limit, tracked.headers);
    if (tracked.isBlocked) {
      throw echoed(
        429,
        "ThrottlerException",
        "CustomThrottlerGuard - Too many requests. Please try again later.",
      );
    }
    const clientId = param("clientId");
    if (clientId !== undefined) entry.clientId = clientId;
    const url = new URL(request.url);
    const call: Call = {
      state,
      headers,
      origin: url.origin,
      param: (name) => param(name) ?? "",
      query: parseQuery(url.search),
      body,
      caller: noCaller,
      actsFor: (userId) => (entry.userId = userId),
      actsForClient: (id) => (entry.clientId = id),
    };
    if (route.access !== "public") {
      call.caller = authenticate(state, headers, clientId, route.access === "bearer");
      logCaller(entry, call.caller);
      authorize(state, route, call.caller, clientId);
    }
    return route.handle(call);
  }

  return async (request, entry) => {
    const { method, url } = request;
    if (headSize(request) > MAX_HEAD_BYTES) return new Response(null, { status: 431 });
    const { pathname } = new URL(url);
    if (!canDecode(pathname)) {
      return fail(exception(400, `Failed to decode param '${pathname.slice(1)}'`), url);
    }
    if (method === "OPTIONS") {
      const headers = {
        "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        Vary: "Access-Control-Request-Headers",
      };
      return respond({ status: 204, body: "", headers });
    }
    const limit: Record<string, string> = {};
    try {
      const body = await readBody(request, isTokenEndpoint(pathname));
      const match = findRoute(method, pathname);
      if (!match) throw exception(404, `Cannot ${method} ${pathAndQuery(url)}`);
      const response = respond(await handle(request, match, { body, limit, entry }), limit);
      return method === "HEAD" ? new Response(null, response) : response;
    } catch (error) {
      return fail(error, url, limit);
    }
  };
}

// Handlers of public routes don't read it.
const noCaller = null as unknown as Caller;

function logCaller(entry: LoggedRequest, caller: Caller): void {
  if (caller.client) entry.clientId ??= caller.client.id;
  if (caller.method === "ACCESS_TOKEN" || caller.method === "THIRD_PARTY") entry.userId = caller.user.id;
}

function canDecode(pathname: string): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    // URIError: an invalid escape sequence.
    return false;
  }
}

function headSize(request: Request): number {
  let size = request.url.length;
  request.headers.forEach((value, name) => (size += name.length + value.length + 4));
  return size;
}
