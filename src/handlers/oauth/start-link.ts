import { HttpError } from "../http/http-error.js";
import { isLinkable } from "../linked-account.js";
import type { CalHandlersOptions } from "../options.js";
import type { HandlerContext } from "../types.js";
import { encryptLink, encryptVerifier, type LinkAttempt } from "./link-state.js";
import type { StartedFlow } from "./start-attempt.js";
import { createStateCookie } from "./state-cookie.js";

/** What an attempt to link begins with. */
export type LinkStart = Pick<
  LinkAttempt,
  "provider" | "selectAccount" | "reconnectId" | "returnUrl" | "popup" | "replace" | "takeOver"
>;

/** Starts an attempt to link the user's Cal.com account: where to send the browser. */
export async function startLink(
  request: Request,
  context: HandlerContext,
  userId: string,
  start: LinkStart,
): Promise<StartedFlow> {
  const { encryptedJson, now, linkRedirectUri: redirectUri } = context.options;
  const oauth = oauthOf(context);
  const { attemptId: id, nonceHash, cookies, cookiesWith } = await createStateCookie(request, context);
  const state = await encryptLink(encryptedJson, {
    ...start,
    id,
    userId,
    nonceHash,
    startedAt: now(),
    clientId: oauth.clientId,
  });
  const { url: authUrl, codeVerifier } = await oauth.authorizationUrl({ state, redirectUri });
  await context.links.start(id);
  if (codeVerifier === null) return { authUrl, cookies };
  return { authUrl, cookies: cookiesWith(await encryptVerifier(encryptedJson, { id, codeVerifier })) };
}

/** The client's part of OAuth 2. Rejects the request if it has none. */
export function oauthOf(context: HandlerContext): NonNullable<CalHandlersOptions["client"]["oauth"]> {
  const { client } = context.options;
  // Without the option, reading it throws.
  if (isLinkable(context) && client.oauth) return client.oauth;
  throw new HttpError(404, "not_found", "This route needs an OAuth client: the option oauth of CalClient.");
}
