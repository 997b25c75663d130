import { HttpError } from "../http/http-error.js";
import { json } from "../http/responses.js";
import { ensureUser, requireSession } from "../session.js";
import type { Route } from "../types.js";

// The token must not expire while a component uses it.
const MIN_TTL_MS = 5 * 60_000;

/**
 * `GET /refresh`: an access token for Cal.com's UI components, as `{accessToken}`. The session decides whose; the expired
 * token that the components send is ignored. Off by default: a script in the page can read the token.
 */
export const refresh: Route = {
  name: "refresh",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    if (!context.options.exposeAccessToken) {
      throw new HttpError(
        404,
        "not_found",
        "This route is off. For Cal.com's UI components, which need the access token: exposeAccessToken: true.",
      );
    }
    const user = await ensureUser(await requireSession(request, context), context);
    const { accessToken } = await user.accessToken({ minTtlMs: MIN_TTL_MS });
    return json(200, { accessToken });
  },
};
