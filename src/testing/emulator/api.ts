import { Hono } from "hono";
import { authenticate, requireOwner, requirePermission, throttle, type Caller } from "./http/auth.js";
import { readBody } from "./http/body.js";
import { calendarRoutes } from "./routes/calendar-routes.js";
import { connectRoutes } from "./routes/connect-routes.js";
import { credentialRoutes } from "./routes/credential-routes.js";
import { errorBody } from "./http/error-body.js";
import { bare, echoed, exception, HttpError } from "./model/errors.js";
import { eventRoutes } from "./routes/event-routes.js";
import type { Limiter } from "./http/rate-limits.js";
import type { LoggedRequest } from "./model/request-log.js";
import { oauth2Routes } from "./routes/oauth2-routes.js";
import { parseQuery } from "./http/query.js";
import type { Call, Reply, Route } from "./http/route.js";
import { selectionRoutes } from "./routes/selection-routes.js";
import type { State } from "./model/state.js";
import { userRoutes } from "./routes/user-routes.js";

interface Env {
  Bindings: { entry: LoggedRequest };
  Variables: { body: unknown; limit: Record<string, string> };
}

/** What Cal.com's server puts on every answer. */
const commonHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
  "X-DNS-Prefetch-Control": "off",
  "X-Download-Options": "noopen",
  "X-Frame-Options": "SAMEORIGIN",
  "X-Permitted-Cross-Domain-Policies": "none",
  "X-XSS-Protection": "0",
  "Access-Control-Allow-Origin": "*",
};

// Node's own limit for the request line and headers together.
const HEAD_LIMIT = 16 * 1024;

const health: Route = {
  method: "GET",
  path: "/health",
  access: "anyone",
  handle: () => ({ status: 200, body: "OK", headers: { "Content-Type": "text/html; charset=utf-8" } }),
};

const routes: Route[] = [
  health,
  ...userRoutes,
  ...oauth2Routes,
  ...connectRoutes,
  ...selectionRoutes,
  // `/calendars/connections/...` and `/calendars/ics-feed/...` come before `/calendars/{calendar}/...`.
  ...credentialRoutes,
  ...eventRoutes,
  ...calendarRoutes,
];

export type Api = (request: Request, entry: LoggedRequest) => Promise<Response>;

/** Cal.com's API as a function. The order of its steps is Cal.com's: body, route, limits, who, input. */
export function createApi(state: State, limiter: Limiter): Api {
  const app = new Hono<Env>({ getPath: (request) => routePath(new URL(request.url).pathname) });

  app.use(async (c, next) => {
    // Not read again by a handler: a Request's body can be read once.
    c.set("body", await readBody(c.req.raw, c.req.path.endsWith("/auth/oauth2/token")));
    await next();
  });

  for (const route of routes) {
    app.on(route.method, route.path, async (c) => {
      const { headers } = c.req.raw;
      const { isBlocked, headers: limit } = throttle(state, limiter, headers);
      c.set("limit", limit);
      if (isBlocked) {
        throw echoed(
          429,
          "ThrottlerException",
          "CustomThrottlerGuard - Too many requests. Please try again later.",
        );
      }
      const { entry } = c.env;
      const clientId = c.req.param("clientId");
      if (clientId !== undefined) entry.clientId = clientId;
      const url = new URL(c.req.raw.url);
      const call: Call = {
        state,
        headers,
        origin: url.origin,
        param: (name) => c.req.param(name) ?? "",
        query: parseQuery(url.search),
        body: c.get("body"),
        caller: nobody,
        actsFor: (userId) => (entry.userId = userId),
      };
      if (route.access !== "anyone") {
        call.caller = authenticate(state, headers, clientId, route.access === "bearer");
        noteCaller(entry, call.caller);
        if (route.access === "owner") requireOwner(call.caller);
        if (route.permission !== undefined) requirePermission(call.caller, route.permission);
      }
      return respond(await route.handle(call), limit);
    });
  }

  app.notFound((c) => {
    throw exception(404, `Cannot ${c.req.method} ${pathAndQuery(c.req.raw.url)}`);
  });

  app.onError((error, c) => {
    // A mistake of the emulator's own looks like one of Cal.com's.
    const failure = error instanceof HttpError ? error : bare(500);
    const body = errorBody(failure, pathAndQuery(c.req.raw.url), state.clock.now());
    const limit = c.get("limit") as Record<string, string> | undefined;
    return respond({ status: failure.status, body, ...failureHeaders(failure) }, limit);
  });

  function respond({ status, body, headers }: Reply, limit: Record<string, string> = {}): Response {
    const isText = typeof body === "string";
    const text = isText ? body : JSON.stringify(body);
    return new Response(status === 204 ? null : text, {
      status,
      headers: {
        ...commonHeaders,
        ...limit,
        "X-Request-Id": `00000000-0000-4000-9000-${state.nextId("request").toString(16).padStart(12, "0")}`,
        "Content-Type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
        ...headers,
      },
    });
  }

  return async (request, entry) => {
    if (headSize(request) > HEAD_LIMIT) return new Response(null, { status: 431 });
    const { pathname } = new URL(request.url);
    if (!canDecode(pathname)) {
      const error = exception(400, `Failed to decode param '${pathname.slice(1)}'`);
      return respond({ status: 400, body: errorBody(error, pathAndQuery(request.url), state.clock.now()) });
    }
    if (request.method === "OPTIONS") {
      const headers = {
        "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        Vary: "Access-Control-Request-Headers",
      };
      return respond({ status: 204, body: "", headers });
    }
    return app.fetch(request, { entry });
  };
}

// Handlers of public routes never look at it.
const nobody = null as unknown as Caller;

function noteCaller(entry: LoggedRequest, caller: Caller): void {
  if (caller.client) entry.clientId ??= caller.client.id;
  if (caller.method === "ACCESS_TOKEN" || caller.method === "THIRD_PARTY") entry.userId = caller.user.id;
}

function failureHeaders(error: HttpError): { headers?: Record<string, string> } {
  return error.headers ? { headers: error.headers } : {};
}

/** Cal.com answers under `/api/v2`, too, and doesn't mind a slash at the end. */
function routePath(pathname: string): string {
  return pathname.replace(/^\/api(?=\/v2(\/|$))/, "").replace(/(?<=.)\/+$/, "");
}

/** As it was sent, with a lone `?` and the query as it is: errors repeat it. */
function pathAndQuery(url: string): string {
  return url.slice(new URL(url).origin.length).replace(/#.*$/s, "");
}

function canDecode(pathname: string): boolean {
  try {
    decodeURIComponent(pathname);
    return true;
  } catch {
    // URIError: a broken escape.
    return false;
  }
}

function headSize(request: Request): number {
  let size = request.url.length;
  request.headers.forEach((value, name) => (size += name.length + value.length + 4));
  return size;
}
