import { CalNetworkError } from "../errors.js";
import { redactError } from "../lib/redact.js";

/** The error for a `fetch` that rejected. `failure` is the start of its message. */
export function connectionFailed(
  failure: string,
  error: unknown,
  secrets: readonly string[],
): CalNetworkError {
  const cause = redactError(error, secrets);
  const code = systemCode(cause);
  const detail = code === undefined ? "" : ` (${code})`;
  return new CalNetworkError(`${failure}: the connection failed${detail}.`, { cause });
}

// The connection was refused; the host is unknown; DNS failed for now; connecting took too long.
const codesOfNoConnection = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/** Whether the request was never sent because there was no connection. Then any call can be retried safely. */
export function wasNeverSent(error: unknown): boolean {
  return error instanceof CalNetworkError && codesOfNoConnection.includes(systemCode(error.cause) ?? "");
}

/** The system's error code, such as `ECONNREFUSED`. Runtimes put it on the error or on one of its causes. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return "code" in error && typeof error.code === "string" ? error.code : systemCode(error.cause);
}
