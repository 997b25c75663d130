import { CalApiError, CalRateLimitError, type CalApiErrorCode } from "../errors.js";
import { redact } from "../lib/redact.js";
import type { Auth } from "./request.js";
import { isObject } from "./response.js";

/** A failed answer: any status but the expected one. */
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

/** The one place where an answer of Cal.com becomes an error. Nothing of its body gets by unredacted. */
export function errorFromResponse(answer: FailedResponse): CalApiError {
  const { status, headers, auth } = answer;
  const told = readErrorBody(answer.text);
  const apiMessage = told.message && clean(told.message, answer.secrets);
  const apiCode = told.code !== undefined && /^\w{1,64}$/.test(told.code) ? told.code : undefined;
  // Cal.com's bare `{statusCode, message}` can mean something else to each call. HTML is a proxy's.
  const isBare = told.code === undefined && told.message !== undefined;
  const ownCode = isBare ? answer.codes?.[status] : undefined;
  const code = ownCode ?? codeOf(status, auth, told);
  const what = apiMessage ?? statusHint(status);
  const message = `Cal.com answered ${String(status)} to ${answer.method} ${answer.path}${what ? `: ${what.replace(/\.?$/, ".")}` : "."}${adviceFor(answer, code)}`;
  const options = { code, status, requestId: requestIdOf(headers), apiCode, apiMessage };
  return status === 429
    ? new CalRateLimitError(message, { ...options, retryAfterMs: retryAfterMs(answer) })
    : new CalApiError(message, options);
}

/** Cal.com's `X-Request-Id`, if it looks like one. */
export function requestIdOf(headers: Headers): string | undefined {
  const id = headers.get("x-request-id");
  return id !== null && /^[\w-]{1,128}$/.test(id) ? id : undefined;
}

/**
 * How long an answer asks to wait, in milliseconds. Cal.com sends no `Retry-After`, but with every answer a
 * bucket's `X-RateLimit-Reset-{bucket}`: the seconds left, which matter once it is empty. A proxy before
 * Cal.com may send `Retry-After`.
 */
export function retryAfterMs({ status, headers }: { status: number; headers: Headers }): number | undefined {
  const waits: number[] = [];
  for (const [name, value] of headers) {
    const counts = name === "retry-after" || (status === 429 && name.startsWith("x-ratelimit-reset"));
    if (counts && /^\d+(\.\d+)?$/.test(value.trim())) waits.push(Number(value) * 1000);
  }
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

// Messages by which a 401 speaks of the access token. `check` also answers 401 when Google or Microsoft
// has revoked access, busy times when a credential is somebody else's: refreshing there is wrong.
function isAboutToken(message: string | undefined): boolean {
  return (
    message !== undefined &&
    // Refused for its Origin header; the next token would be refused as well.
    !message.includes("Invalid request origin") &&
    (message === "Invalid Access Token." ||
      message.includes("OAuth client not found given the access token") ||
      message.startsWith("ApiAuthStrategy"))
  );
}

function codeOf(
  status: number,
  auth: Auth["kind"],
  told: { code?: string; message?: string },
): CalApiErrorCode {
  if (status === 401)
    return auth === "bearer" && isAboutToken(told.message) ? "token_rejected" : "unauthorized";
  if (status >= 500) return "server_error";
  // Not a thing that is missing, but the endpoint: a wrong base URL must not pass for a deleted user.
  const isNoEndpoint = status === 404 && (told.code === undefined || told.message?.startsWith("Cannot "));
  return isNoEndpoint ? "api_error" : (codes[status] ?? "api_error");
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

function statusHint(status: number): string | undefined {
  if (status === 413) return "the body is over 100 kB.";
  if (status === 414 || status === 431) return "the URL is too long. Ask for less in one call.";
  if (status >= 300 && status < 400) return "an unexpected redirect. Check the base URL.";
  return undefined;
}

function adviceFor({ advice, auth, status }: FailedResponse, code: CalApiErrorCode): string {
  if (advice !== undefined) return ` ${advice}`;
  if (code === "unauthorized" && auth === "client") return " Check the client id and the client secret.";
  if (code === "api_error" && status === 404) return " Does baseUrl end in /v2?";
  return "";
}

// Long enough for every message Cal.com was seen to send, short enough for a log line.
const MAX_MESSAGE_LENGTH = 300;

function clean(message: string, secrets: readonly string[]): string {
  // Redact first: a cut could leave the half of a secret that nothing recognises.
  const text = redact(message, secrets).replace(/\s+/g, " ").trim();
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}

/** The three error shapes: the envelope, the bare `{statusCode, message}`, and OAuth 2's. */
function readErrorBody(text: string): { code?: string; message?: string } {
  const body = parseObject(text);
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

/** What validation says of each field. The `target` and `value` beside it repeat the rejected body. */
function constraintsOf(details: unknown): string[] {
  if (!isObject(details) || !Array.isArray(details["errors"])) return [];
  const told = details["errors"]
    .filter(isObject)
    .flatMap((error) => Object.values(isObject(error["constraints"]) ? error["constraints"] : {}));
  const sentences = told.filter((part) => typeof part === "string");
  return sentences.length > 0 ? [`${sentences.join("; ")}.`] : [];
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function pick<K extends string>(key: K, value: unknown): Partial<Record<K, string>> {
  return typeof value === "string" && value !== "" ? ({ [key]: value } as Record<K, string>) : {};
}
