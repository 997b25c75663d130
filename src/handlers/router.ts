import { assertSameSite } from "./http/cross-site.js";
import { HttpError } from "./http/http-error.js";
import { failure, isReportable } from "./http/responses.js";
import { traced } from "../lib/telemetry.js";
import { reportError } from "./report-error.js";
import { refresh } from "./routes/access-token.js";
import { appleCredentials } from "./routes/apple-credentials.js";
import { checkConnections } from "./routes/check-connections.js";
import { oauthConnectUrl } from "./routes/connect-url.js";
import { disconnect } from "./routes/disconnect.js";
import { oauthCallback } from "./routes/link-callback.js";
import { oauthAuthorizeUrl } from "./routes/oauth-authorize-url.js";
import { googleOauthRedirect, officeOauthRedirect } from "./routes/oauth-callback.js";
import { oauthUnlink } from "./routes/oauth-unlink.js";
import { restoreCalendars } from "./routes/restore.js";
import { saveOauthCredentials } from "./routes/save-credentials.js";
import { selectCalendar } from "./routes/select-calendar.js";
import { setDestination } from "./routes/set-destination.js";
import { status } from "./routes/status.js";
import { syncCredentials } from "./routes/sync.js";
import type { HandlerContext, Route } from "./types.js";

/** The routes by their paths under the base path. */
const routesByPath: Record<string, Route> = {
  "/calendars/oauth-connect-url": oauthConnectUrl,
  "/gcal-oauth-redirect": googleOauthRedirect,
  "/office-oauth-redirect": officeOauthRedirect,
  "/calendars/save-oauth-cal-creds": saveOauthCredentials,
  "/calendars/sync-credentials": syncCredentials,
  "/calendars/status": status,
  "/calendars/disconnect": disconnect,
  "/calendars/apple-credentials": appleCredentials,
  "/oauth/authorize-url": oauthAuthorizeUrl,
  "/oauth/callback": oauthCallback,
  "/oauth/unlink": oauthUnlink,
  "/calendars/select": selectCalendar,
  "/calendars/destination": setDestination,
  "/calendars/restore": restoreCalendars,
  "/refresh": refresh,
  "/connections/check": checkConnections,
};

/** All routes. */
export const allRoutes: readonly Route[] = Object.values(routesByPath);

/** Finds the route of a request by its path, and serves it. */
export async function dispatch(request: Request, context: HandlerContext): Promise<Response> {
  const { basePaths } = context.options;
  const { pathname } = new URL(request.url);
  const route = findRoute(pathname, basePaths);
  return route ? serve(route, request, context) : failure(notFound(pathname, basePaths));
}

function findRoute(pathname: string, basePaths: readonly string[]): Route | undefined {
  const path = withoutTrailingSlash(pathname);
  const found = Object.keys(routesByPath).find((route) =>
    basePaths.some((basePath) => path === basePath + route),
  );
  return found === undefined ? undefined : routesByPath[found];
}

/** The route at the end of a path, under any base path. */
export function findRouteAtEnd(pathname: string): Route | undefined {
  const path = withoutTrailingSlash(pathname);
  const found = Object.keys(routesByPath).find((route) => path.endsWith(route));
  return found === undefined ? undefined : routesByPath[found];
}

// Next.js's `trailingSlash` redirects all paths to one with a slash at its end.
function withoutTrailingSlash(pathname: string): string {
  return pathname.replace(/\/$/, "");
}

function notFound(pathname: string, basePaths: readonly string[]): HttpError {
  // Not served: a guard of the application's on the base path would be passed by.
  const isStripped = findRoute(pathname, [""]) !== undefined;
  const advice = isStripped
    ? "The path came without its base path. If the framework removes it, as Hono's and Elysia's mount() do, give basePathStripped: true."
    : "If the routes are mounted elsewhere, give basePath.";
  return new HttpError(404, "not_found", `There is no such route under ${basePaths[0] || "/"}. ${advice}`);
}

/** Serves a route. All errors become responses here. */
export function serve(route: Route, request: Request, context: HandlerContext): Promise<Response> {
  const operation = { kind: "handler", name: route.name, method: request.method } as const;
  return traced(context.options.telemetry, operation, async (report) => {
    const response = await respond(route, request, context);
    report({ status: response.status });
    return response;
  });
}

async function respond(route: Route, request: Request, context: HandlerContext): Promise<Response> {
  try {
    assertAllowed(route, request, context);
    return await route.run(request, context);
  } catch (error) {
    // HttpErrors, Cal.com's errors, and what the application's own functions throw.
    if (isReportable(error)) await reportError(context, { handler: route.name, error, request });
    return failure(error);
  }
}

function assertAllowed(route: Route, request: Request, { options }: HandlerContext): void {
  if (!route.methods.some((method) => method === request.method)) {
    const allow = route.methods.join(", ");
    throw new HttpError(405, "method_not_allowed", `This route takes ${allow}.`, { Allow: allow });
  }
  if (route.refusesCrossSite) assertSameSite(request, options.trustedOrigins);
}
