import { forceRefreshTokens, refreshTokens, type CalTokens } from "../api/endpoints/tokens.js";
import type { Send } from "../api/request.js";
import { issueOf } from "../api/token-claims.js";
import { CalApiError, type CalErrorCode } from "../errors.js";
import type { Grant, GrantedTokens } from "../tokens/grant.js";

/**
 * Time limit of a refresh, in milliseconds. Much longer than that of other calls: Cal.com carries a refresh out even
 * if no client waits for the response any more, and with the response the new tokens are lost.
 */
const REFRESH_TIMEOUT_MS = 60_000;

/** The grant of managed users: refreshes with the refresh token, recovers with the client's secret. */
export function managedUserGrant(send: Send, clientId: string): Grant {
  const options = { timeoutMs: REFRESH_TIMEOUT_MS };
  return {
    async refresh(record) {
      // 400: used before, garbage, or its user was deleted. 404: another refresh at the same time was faster.
      const tokens = await unlessRefused(
        ["bad_request", "not_found"],
        refreshTokens(send, clientId, record.calRefreshToken, options),
      );
      return tokens ? { outcome: "issued", tokens } : { outcome: "refused" };
    },
    recover: (record) =>
      unlessRefused(["not_found"], forceRefreshTokens(send, clientId, record.calUserId, options)),
  };
}

/** The tokens; `null` if Cal.com has refused them with one of these codes. */
async function unlessRefused(
  refusals: CalErrorCode[],
  response: Promise<CalTokens>,
): Promise<GrantedTokens | null> {
  try {
    const tokens = await response;
    return { ...tokens, issuedAt: issueOf(tokens.accessToken) };
  } catch (error) {
    // Cal.com names its errors. A 400 without a name comes from a proxy, and refuses no token.
    const isRefusal =
      error instanceof CalApiError && error.apiCode !== undefined && refusals.includes(error.code);
    if (isRefusal) return null;
    throw error;
  }
}
