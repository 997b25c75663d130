import { invalidInput } from "../http/http-error.js";
import { queryText } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl } from "../http/return-url.js";
import { startLink } from "../oauth/start-link.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/**
 * `GET /oauth/authorize-url?returnUrl=…[&replace=1][&takeOver=1]`: where to send the browser to link the user's own Cal.com
 * account, and nothing else.
 */
export const oauthAuthorizeUrl: Route = {
  name: "oauthAuthorizeUrl",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    const { appUrl, trustedOrigins } = context.options;
    const { userId } = await requireSession(request, context);
    const given = queryText(request, "returnUrl");
    const returnUrl = given === undefined ? undefined : toReturnUrl(given, appUrl, trustedOrigins);
    const flags = { replace: readFlag(request, "replace"), takeOver: readFlag(request, "takeOver") };
    const { authUrl, cookies } = await startLink(request, context, userId, { returnUrl, ...flags });
    return success({ authUrl }, { cookies });
  },
};

function readFlag(request: Request, name: string): boolean | undefined {
  const value = queryText(request, name);
  if (value === undefined) return undefined;
  if (value === "1") return true;
  throw invalidInput(`${name} must be 1, or left out.`);
}
