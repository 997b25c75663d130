import { appleCredentials } from "./routes/apple-credentials.js";
import { isCrossSite } from "./http/cross-site.js";
import { disconnect } from "./routes/disconnect.js";
import { oauthConnectUrl } from "./routes/connect-url.js";
import { googleOauthRedirect, officeOauthRedirect } from "./routes/oauth-callback.js";
import { HttpError } from "./http/http-error.js";
import { refresh } from "./routes/access-token.js";
import { failure, isReportable } from "./http/responses.js";
import { saveOauthCredentials } from "./routes/save-credentials.js";
import { status } from "./routes/status.js";
import { syncCredentials } from "./routes/sync.js";
import type { HandlerContext, Route } from "./types.js";
import { reportError } from "./report-error.js";

/** The steps by their route under the base path. */
const routesByPath: Record<string, Route> = {
  "/calendars/oauth-connect-url": oauthConnectUrl,
  "/gcal-oauth-redirect": googleOauthRedirect,
  "/office-oauth-redirect": officeOauthRedirect,
  "/calendars/save-oauth-cal-creds": saveOauthCredentials,
  "/calendars/sync-credentials": syncCredentials,
  "/calendars/status": status,
  "/calendars/disconnect": disconnect,
  "/calendars/apple-credentials": appleCredentials,
  "/refresh": refresh,
};

/** All steps. */
export const allRoutes: readonly Route[] = Object.values(routesByPath);

/** Finds the step that a request is for, and has it answer. */
export async function dispatch(request: Request, context: HandlerContext): Promise<Response> {
  const { basePaths } = context.options;
  const step = findStep(new URL(request.url).pathname, basePaths);
  if (!step) {
    const message = `There is no such route under ${basePaths[0] || "/"}. If the routes are mounted elsewhere, give basePath.`;
    return failure(new HttpError(404, "not_found", message));
  }
  return serve(step, request, context);
}

function findStep(pathname: string, basePaths: readonly string[]): Route | undefined {
  for (const basePath of basePaths) {
    if (!pathname.startsWith(`${basePath}/`)) continue;
    const route = pathname.slice(basePath.length).replace(/\/$/, "");
    if (Object.hasOwn(routesByPath, route)) return routesByPath[route];
  }
  return undefined;
}

/** Has a step answer. The one place where an error becomes an answer. */
export async function serve(step: Route, request: Request, context: HandlerContext): Promise<Response> {
  try {
    assertAllowed(step, request, context);
    return await step.run(request, context);
  } catch (error) {
    // Whatever it is: refusals, Cal.com's errors, and what the application's own functions throw.
    if (isReportable(error)) await reportError(context, { handler: step.name, error, request });
    return failure(error);
  }
}

function assertAllowed(step: Route, request: Request, { options }: HandlerContext): void {
  if (!step.methods.some((method) => method === request.method)) {
    const allow = step.methods.join(", ");
    throw new HttpError(405, "method_not_allowed", `This route takes ${allow}.`, { Allow: allow });
  }
  if (step.refusesCrossSite && isCrossSite(request, options.trustedOrigins)) {
    throw new HttpError(403, "cross_site", "This request was caused by another site.");
  }
}
