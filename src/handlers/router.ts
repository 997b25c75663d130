import { appleCredentials } from "./routes/apple-credentials.js";
import { isCrossSite } from "./http/cross-site.js";
import { disconnect } from "./routes/disconnect.js";
import { oauthConnectUrl } from "./routes/connect-url.js";
import { googleOauthRedirect, officeOauthRedirect } from "./routes/oauth-callback.js";
import { Refusal } from "./http/http-error.js";
import { refresh } from "./routes/access-token.js";
import { failure, isWorthTelling } from "./http/responses.js";
import { saveOauthCredentials } from "./routes/save-credentials.js";
import { status } from "./routes/status.js";
import { syncCredentials } from "./routes/sync.js";
import type { HandlerContext, Step } from "./types.js";
import { report } from "./report-error.js";

/** The steps by their route under the base path. */
const routes: Record<string, Step> = {
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
export const steps: readonly Step[] = Object.values(routes);

/** Finds the step that a request is for, and has it answer. */
export async function dispatch(request: Request, context: HandlerContext): Promise<Response> {
  const { basePaths } = context.options;
  const step = findStep(new URL(request.url).pathname, basePaths);
  if (!step) {
    const message = `There is no such route under ${basePaths[0] || "/"}. If the routes are mounted elsewhere, give basePath.`;
    return failure(new Refusal(404, "not_found", message));
  }
  return serve(step, request, context);
}

function findStep(pathname: string, basePaths: readonly string[]): Step | undefined {
  for (const basePath of basePaths) {
    if (!pathname.startsWith(`${basePath}/`)) continue;
    const route = pathname.slice(basePath.length).replace(/\/$/, "");
    if (Object.hasOwn(routes, route)) return routes[route];
  }
  return undefined;
}

/** Has a step answer. The one place where an error becomes an answer. */
export async function serve(step: Step, request: Request, context: HandlerContext): Promise<Response> {
  try {
    assertAllowed(step, request, context);
    return await step.run(request, context);
  } catch (error) {
    // Whatever it is: refusals, Cal.com's errors, and what the application's own functions throw.
    if (isWorthTelling(error)) await report(context, { handler: step.name, error, request });
    return failure(error);
  }
}

function assertAllowed(step: Step, request: Request, { options }: HandlerContext): void {
  if (!step.methods.some((method) => method === request.method)) {
    const allow = step.methods.join(", ");
    throw new Refusal(405, "method_not_allowed", `This route takes ${allow}.`, { Allow: allow });
  }
  if (step.refusesCrossSite && isCrossSite(request, options.trustedOrigins)) {
    throw new Refusal(403, "cross_site", "This request was caused by another site.");
  }
}
