import { flag, queryText, type ParameterReader } from "../http/request.js";
import { success } from "../http/responses.js";
import { readOrigin } from "../oauth/return-to-page.js";
import { startLink } from "../oauth/start-link.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/**
 * `GET /oauth/authorize-url?returnUrl=…[&replace=1][&takeOver=1][&popup=…]`: where to send the browser
 * to link the user's own Cal.com account, and nothing else.
 */
export const oauthAuthorizeUrl: Route = {
  name: "oauthAuthorizeUrl",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const read: ParameterReader = (name) => queryText(request, name);
    const flags = { replace: flag(read, "replace"), takeOver: flag(read, "takeOver") };
    const start = { ...readOrigin(read, context), ...flags };
    const { authUrl, cookies } = await startLink(request, context, userId, start);
    return success({ authUrl }, { cookies });
  },
};
