import { ensureUser, requireSession } from "../session.js";
import { json } from "../http/responses.js";
import type { Route } from "../types.js";

// So that a component does not get a token that ends while it is being used.
const MIN_TTL_MS = 5 * 60_000;

/**
 * `GET /refresh`: a token for Cal.com's UI components, as `{accessToken}`. Whose it is, the session decides;
 * the expired token that the components send along is not looked at.
 */
export const refresh: Route = {
  name: "refresh",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    const user = await ensureUser(await requireSession(request, context), context);
    const { accessToken } = await user.accessToken({ minTtlMs: MIN_TTL_MS });
    return json(200, { accessToken });
  },
};
