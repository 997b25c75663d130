/** The values of OAuth's `error` parameter (RFC 6749, section 4.1.2.1). No secrets, so they may be logged. */
export const oauthErrorNames: ReadonlySet<string> = new Set([
  "access_denied",
  "invalid_request",
  "invalid_scope",
  "server_error",
  "temporarily_unavailable",
  "unauthorized_client",
  "unsupported_response_type",
]);
