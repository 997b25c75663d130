import { refreshOAuthTokens, type OAuthClient } from "../api/endpoints/oauth-tokens.js";
import { wasNeverSent } from "../api/network-errors.js";
import type { Send } from "../api/request.js";
import { clientIdIn, issueOf } from "../api/token-claims.js";
import { CalApiError, CalSecretError, CalTokenError, CalValidationError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import type { Grant, RefreshResult } from "../tokens/grant.js";

// As for managed users, a response that arrives late is better than none. Less than the minute after which another
// process may send the same refresh token again.
const REFRESH_TIMEOUT_MS = 50_000;

/** The grant of users with their own Cal.com account: OAuth 2. Nothing recovers a lost rotation. */
export function oauthGrant(send: Send, client: OAuthClient, now: () => number): Grant {
  return {
    async refresh(record) {
      const options = { timeoutMs: REFRESH_TIMEOUT_MS, now };
      try {
        const tokens = await refreshOAuthTokens(send, client, record.calRefreshToken, options);
        return { outcome: "issued", tokens: { ...tokens, issuedAt: issueOf(tokens.accessToken) } };
      } catch (error) {
        return resultOf(error);
      }
    },

    assertRefreshable({ calRefreshToken, details }) {
      const issuedTo = clientIdIn(calRefreshToken ?? "") ?? detailsOf({ details }).clientId;
      if (issuedTo === undefined || issuedTo === client.clientId) return;
      throw clientMismatch("Nothing was sent, so the other client's links still work.");
    },
  };
}

/** What an error means for the tokens. Throws it if Cal.com has not carried the refresh out. */
function resultOf(error: unknown): RefreshResult {
  if (error instanceof CalApiError) {
    const { apiCode, apiMessage = "", code } = error;
    if (code === "rate_limited") throw error;
    // The description is the reason; the error's name alone is the same for all of them.
    if (apiCode === "invalid_grant" && /^(refresh_token_revoked|invalid_refresh_token)\b/.test(apiMessage)) {
      return { outcome: "refused" };
    }
    if (apiCode === "invalid_grant" && /^client_id_mismatch\b/.test(apiMessage)) {
      throw clientMismatch("The tokens are kept.");
    }
    if (apiCode === "invalid_client" || apiCode === "unauthorized_client") {
      throw clientRejected(apiMessage, "The tokens are kept.");
    }
    // Not the refresh token's fault, and the same for every user: the request itself was wrong.
    if (apiCode === "invalid_request") throw error;
  }
  const isUnsent = error instanceof CalValidationError || error instanceof CalSecretError;
  if (isUnsent || wasNeverSent(error)) throw error;
  return { outcome: "unknown", error };
}

function clientMismatch(consequence: string): CalTokenError {
  return new CalTokenError(
    `The stored tokens were issued to another OAuth client than this one. ${consequence} Use one OAuth client and one database for each stage.`,
    "client_mismatch",
  );
}

/** Cal.com refuses the client: its secret is wrong, it was deleted or rejected, or it is under review. */
export function clientRejected(reason: string, consequence: string): CalTokenError {
  const advice = /not_approved/.test(reason)
    ? "It is under review at Cal.com: until it is approved, only its owner can use it."
    : "Check the client's id and secret, and whether it still exists.";
  return new CalTokenError(
    `Cal.com refuses the OAuth client (${reason.slice(0, 80)}). ${advice} ${consequence}`,
    "client_rejected",
  );
}
