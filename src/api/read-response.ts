import { CalApiError } from "../errors.js";
import { requestIdOf } from "./api-errors.js";
import { rateLimitOf } from "./rate-limit.js";
import { MAX_BODY_MB } from "./read-body.js";
import type { ApiCall, ApiResponse } from "./request.js";
import { UnreadableResponseError } from "./response.js";
import type { WireResponse } from "./retry.js";

/** Reads a response with the expected status. @throws {@link CalApiError} `invalid_response` if it has another shape. */
export function readResponse<T>(call: ApiCall<T>, { status, headers, text }: WireResponse): T {
  try {
    if (text === null) throw new UnreadableResponseError(`it is longer than ${String(MAX_BODY_MB)} MB`);
    const body: unknown = text === "" || status >= 300 ? undefined : JSON.parse(text);
    return call.read({ status, headers, body } satisfies ApiResponse);
  } catch (error) {
    // The message of JSON.parse contains a part of the text, so only the kind of failure is reported.
    let problem: string | undefined;
    if (error instanceof UnreadableResponseError) problem = error.message;
    else if (error instanceof SyntaxError) problem = notJson(text ?? "");
    if (problem === undefined) throw error;
    throw new CalApiError(`Cal.com's response to ${call.method} ${call.path} can't be read: ${problem}.`, {
      code: "invalid_response",
      status,
      requestId: requestIdOf(headers),
      rateLimit: rateLimitOf(headers),
    });
  }
}

function notJson(text: string): string {
  return /^\s*</.test(text) ? "it is HTML, not JSON" : "it is not complete JSON";
}
