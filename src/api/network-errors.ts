import { CalNetworkError } from "../errors.js";
import { redactError } from "../lib/redact.js";

/** What `fetch` threw, as an error of ours. `what` says what had no complete answer. */
export function connectionFailed(what: string, error: unknown, secrets: readonly string[]): CalNetworkError {
  const cause = redactError(error, secrets);
  const code = systemCode(cause);
  const why = code === undefined ? "" : ` (${code})`;
  return new CalNetworkError(`${what}: the connection failed${why}.`, { cause });
}

// A refused connection, an unknown host, one that can't be looked up just now, one that takes too long to reach.
const codesOfNoConnection = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/** Whether there was no connection to send anything on: then a repeat does no harm, whatever the call. */
export function wasNeverSent(error: unknown): boolean {
  return error instanceof CalNetworkError && codesOfNoConnection.includes(systemCode(error.cause) ?? "");
}

/** The operating system's word for it, such as `ECONNREFUSED`, from wherever the runtime has put it. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return "code" in error && typeof error.code === "string" ? error.code : systemCode(error.cause);
}
