import type { Send } from "../api/request.js";
import { forceRefreshTokens, refreshTokens, type CalTokens } from "../api/endpoints/tokens.js";
import { CalApiError, type CalErrorCode } from "../errors.js";
import type { Grant, GrantedTokens } from "../tokens/grant.js";
import { expiryOf, issueOf } from "../api/token-claims.js";

/**
 * Time limit of a refresh, in milliseconds. Much longer than that of other calls: Cal.com carries a refresh
 * out even if nobody waits for its answer any more, and with the answer the new tokens are lost.
 */
const REFRESH_TIMEOUT_MS = 60_000;

/** The grant by which managed users get tokens: refresh by refresh token, recover by the client's secret. */
export function managedUserGrant(send: Send, clientId: string): Grant {
  const options = { timeoutMs: REFRESH_TIMEOUT_MS };
  return {
    // 400: used up, garbage, or its user deleted. 404: lost a race against another refresh.
    refresh: (record) =>
      unless(["bad_request", "not_found"], refreshTokens(send, clientId, record.calRefreshToken, options)),
    recover: (record) => unless(["not_found"], forceRefreshTokens(send, clientId, record.calUserId, options)),
    expiryOf,
  };
}

async function unless(refusals: CalErrorCode[], answer: Promise<CalTokens>): Promise<GrantedTokens | null> {
  try {
    const tokens = await answer;
    return { ...tokens, issuedAt: issueOf(tokens.accessToken) };
  } catch (error) {
    // Cal.com names its errors; a 400 without a name comes from something before it, and refuses no token.
    const isRefusal =
      error instanceof CalApiError && error.apiCode !== undefined && refusals.includes(error.code);
    if (isRefusal) return null;
    throw error;
  }
}
