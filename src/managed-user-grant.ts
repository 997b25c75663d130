import type { Send } from "./api/call.js";
import { expiryOf, forceRefreshTokens, refreshTokens, type CalTokens } from "./api/tokens.js";
import { CalApiError } from "./errors.js";
import type { Grant } from "./tokens/grant.js";

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
    refresh: (record) => unless([400, 404], refreshTokens(send, clientId, record.calRefreshToken, options)),
    recover: (record) => unless([404], forceRefreshTokens(send, clientId, record.calManagedUserId, options)),
    expiryOf,
  };
}

async function unless(statuses: number[], tokens: Promise<CalTokens>): Promise<CalTokens | null> {
  try {
    return await tokens;
  } catch (error) {
    if (error instanceof CalApiError && error.status !== undefined && statuses.includes(error.status))
      return null;
    throw error;
  }
}
