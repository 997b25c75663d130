import { CalApiError, CalRateLimitError, type CalApiErrorCode } from "../errors.js";
import { parseJsonObject } from "../lib/parse-json.js";
import { redact } from "../lib/redact.js";
import { rateLimitOf } from "./rate-limit.js";
import type { Auth } from "./request.js";
import { isObject } from "./response.js";
import { namesIn } from "../lib/names-in.js";

/** A response whose status is not the expected one. */
export interface FailedResponse {
  method: string;
  path: string;
  auth: Auth["kind"];
  status: number;
  headers: Headers;
  text: string;
  secrets: readonly string[];
  advice?: string | undefined;
  /** By status: the error code of a bare `{statusCode, message}`. */
  codes?: Record<number, CalApiErrorCode> | undefined;
}

/** Makes the error for a failed response. Text of the body is redacted before it becomes part of the error. */
export function errorFromResponse(response: FailedResponse): CalApiError {
  const { status, headers, auth, method, path } = response;
  const body = readErrorBody(response.text);
  const apiMessage = body.message && clean(body.message, response.secrets);
  const apiCode = body.code !== undefined && /^\w{1,64}$/.test(body.code) ? body.code : undefined;
  // Cal.com's bare `{statusCode, message}` can mean something else for each call. HTML comes from a proxy.
  const isBare = body.code === undefined && body.message !== undefined;
  const code = (isBare ? response.codes?.[status] : undefined) ?? codeOf(status, auth, body);
  const reason = apiMessage ?? statusHint(status);
  const sentence = `Cal.com returned ${String(status)} for ${method} ${path}${reason ? `: ${reason.replace(/\.?$/, ".")}` : "."}`;
  const message = sentence + adviceFor(response, code);
  const missingScopes = code === "missing_scope" ? missingScopesIn(apiMessage) : undefined;
  const metadata = { status, requestId: requestIdOf(headers), rateLimit: rateLimitOf(headers) };
  const options = { code, ...metadata, apiCode, apiMessage, missingScopes };
  return status === 429
    ? new CalRateLimitError(message, { ...options, retryAfterMs: retryAfterMs(response) })
    : new CalApiError(message, options);
}

/** Cal.com's `X-Request-Id`, if it has the form of an id. */
export function requestIdOf(headers: Headers): string | undefined {
  const id = headers.get("x-request-id");
  return id !== null && /^[\w-]{1,128}$/.test(id) ? id : undefined;
}

/**
 * How long to wait before a retry, in milliseconds, as the response says. Cal.com sends no `Retry-After`. Each of its
 * responses has `X-RateLimit-Reset-{bucket}`, the seconds until the limit is reset, which counts only with status 429.
 * A proxy in front of Cal.com may send `Retry-After`.
 */
export function retryAfterMs({ status, headers }: { status: number; headers: Headers }): number | undefined {
  const waits: number[] = [];
  for (const [name, value] of headers) {
    const counts = name === "retry-after" || (status === 429 && name.startsWith("x-ratelimit-reset"));
    if (counts && /^\d+(\.\d+)?$/.test(value.trim())) waits.push(Number(value) * 1000);
  }
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

// The messages of a 401 that is about the access token. `check` also returns 401 when the user revoked access at Google
// or Microsoft, and busy times when a credential belongs to another user. A refresh would not help there.
function isAboutToken(message: string | undefined): boolean {
  return (
    message !== undefined &&
    // Cal.com rejected the Origin header, so a new token would be rejected as well.
    !message.includes("Invalid request origin") &&
    (message === "Invalid Access Token." ||
      message.includes("OAuth client not found given the access token") ||
      message.startsWith("ApiAuthStrategy"))
  );
}

function codeOf(
  status: number,
  auth: Auth["kind"],
  body: { code?: string; message?: string },
): CalApiErrorCode {
  if (status === 401)
    return auth === "bearer" && isAboutToken(body.message) ? "token_rejected" : "unauthorized";
  if (status >= 500) return "server_error";
  if (status === 403 && body.message?.startsWith("insufficient_scope:")) {
    return /not available for third-party/.test(body.message) ? "unavailable_for_grant" : "missing_scope";
  }
  // A 404 for an unknown route, not for a missing object: a wrong base URL must not look like a deleted user.
  const isUnknownRoute = status === 404 && (body.code === undefined || body.message?.startsWith("Cannot "));
  return isUnknownRoute ? "api_error" : (codes[status] ?? "api_error");
}

const codes: Record<number, CalApiErrorCode> = {
  400: "bad_request",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  414: "payload_too_large",
  422: "bad_request",
  429: "rate_limited",
  431: "payload_too_large",
  498: "token_expired",
};

/** The scopes that an endpoint requires and the token lacks, by Cal.com's own words. */
function missingScopesIn(message: string | undefined): string[] | undefined {
  const match = /Required: ([A-Z_, ]+)\. Token has: ([A-Z_, ]*)/.exec(message ?? "");
  if (!match) return undefined;
  const [required, granted] = match.slice(1).map(namesIn);
  return required?.filter((name) => !granted?.includes(name));
}

function statusHint(status: number): string | undefined {
  if (status === 413) return "the request body is larger than 100 kB.";
  if (status === 414 || status === 431) return "the URL is too long. Request less in one call.";
  if (status >= 300 && status < 400) return "an unexpected redirect. Check baseUrl.";
  return undefined;
}

function adviceFor({ advice, auth, status }: FailedResponse, code: CalApiErrorCode): string {
  if (advice !== undefined) return ` ${advice}`;
  if (code === "unauthorized" && auth === "client") return " Check clientId and clientSecret.";
  if (code === "missing_scope") return " The user has to link the Cal.com account again, with these scopes.";
  if (code === "unavailable_for_grant") {
    return " For busy times use calendars.busyTimes(), for connections calendars.list().";
  }
  if (code === "api_error" && status === 404) return " Check that baseUrl ends in /v2.";
  return "";
}

// Every message in the recordings of Cal.com is shorter.
const MAX_MESSAGE_LENGTH = 300;

function clean(message: string, secrets: readonly string[]): string {
  // Redact before cutting: the first part of a cut secret would not be recognised.
  const text = redact(message, secrets).replace(/\s+/g, " ").trim();
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}

/** Reads the three shapes of an error: Cal.com's envelope, NestJS's `{statusCode, message}`, and OAuth 2's (RFC 6749, section 5.2). */
function readErrorBody(text: string): { code?: string; message?: string } {
  const body = parseJsonObject(text);
  if (!body) return {};
  if (isObject(body["error"])) {
    const { code, message, details } = body["error"];
    const text = [...constraintsOf(details), message].find((part) => typeof part === "string");
    return { ...pick("code", code), ...pick("message", text) };
  }
  if (typeof body["error"] === "string") {
    const description = body["error_description"] ?? body["message"];
    return { code: body["error"], ...pick("message", description) };
  }
  return pick("message", body["message"]);
}

/** The validation messages of each field. Not `target` and `value`, which repeat the rejected body. */
function constraintsOf(details: unknown): string[] {
  if (!isObject(details) || !Array.isArray(details["errors"])) return [];
  const constraints = details["errors"]
    .filter(isObject)
    .flatMap((error) => Object.values(isObject(error["constraints"]) ? error["constraints"] : {}));
  const sentences = constraints.filter((part) => typeof part === "string");
  return sentences.length > 0 ? [`${sentences.join("; ")}.`] : [];
}

function pick<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === "string" && value !== "" ? ({ [key]: value } as Record<K, string>) : {};
}
