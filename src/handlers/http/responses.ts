import { isCalError, type CalError } from "../../errors.js";
import { HttpError } from "./http-error.js";

/** Headers of each response: most have a token, a code or a state in their URL, their body or a cookie. */
const securityHeaders = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

interface Extras {
  headers?: Record<string, string>;
  /** Values of `Set-Cookie`. */
  cookies?: readonly string[];
}

/** A response with a JSON body. */
export function json(status: number, body: unknown, { headers, cookies }: Extras = {}): Response {
  const response = Response.json(body, { status, headers: { ...securityHeaders, ...headers } });
  return withCookies(response, cookies);
}

/** `{success: true, data}` */
export function success(data: object, extras?: Extras): Response {
  return json(200, { success: true, data }, extras);
}

/** A redirect that a browser follows with GET, whatever the request's method was. */
export function seeOther(location: string, { headers, cookies }: Extras = {}): Response {
  const response = new Response(null, {
    status: 303,
    headers: { ...securityHeaders, ...headers, Location: location },
  });
  return withCookies(response, cookies);
}

/** A page of ours: the policy must allow what is in it, and nothing else. */
export function htmlPage(html: string, contentSecurityPolicy: string): Response {
  return new Response(html, {
    headers: {
      ...securityHeaders,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": contentSecurityPolicy,
    },
  });
}

function withCookies(response: Response, cookies: readonly string[] = []): Response {
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return response;
}

/** `{success: false, error: {code, message}}` for any thrown value. */
export function failure(error: unknown, extras: Extras = {}): Response {
  const { status, code, message, headers } = toHttpError(error);
  const body = { success: false, error: { code, message } };
  return json(status, body, { ...extras, headers: { ...headers, ...extras.headers } });
}

/** The response for an error. Its message is ours: Cal.com's own may repeat what was sent to it. */
function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (isCalError(error)) return fromCalError(error);
  return internalError();
}

function internalError(): HttpError {
  return new HttpError(500, "internal_error", "Something went wrong. Try again later.");
}

function fromCalError({ code, retryAfterMs }: CalError): HttpError {
  switch (code) {
    case "rate_limited": {
      const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000));
      const headers = { "Retry-After": String(seconds) };
      return new HttpError(503, "rate_limited", `Too many requests. Try again in ${seconds} s.`, headers);
    }
    case "timeout":
      return new HttpError(504, "unavailable", "Cal.com did not respond in time. Try again later.");
    case "network_error":
    case "server_error":
    case "invalid_response":
    case "api_error":
    case "unauthorized":
    case "token_expired":
    case "token_rejected":
      return new HttpError(502, "unavailable", "Cal.com could not be reached. Try again later.");
    case "conflict":
    case "email_in_use":
    case "unowned_user":
    case "username_taken":
    case "cal_user_in_use":
      return new HttpError(
        409,
        "conflict",
        "Another calendar user has this e-mail address, or the same user name.",
      );
    case "cal_user_gone":
    case "user_not_found":
      return new HttpError(409, "cal_user_gone", "Cal.com does not know this user any more.");
    case "reauthorization_required":
      return new HttpError(409, code, "Cal.com no longer accepts the link to this account. Link it again.");
    case "missing_scope":
      return new HttpError(409, code, "Your Cal.com account does not allow this. Link it again.");
    case "refresh_pending":
    case "client_closed":
      return new HttpError(503, "unavailable", "Try again in a minute.", { "Retry-After": "60" });
    case "forbidden":
    case "unavailable_for_grant":
    case "client_rejected":
    case "client_mismatch":
      return new HttpError(502, "not_permitted", "Cal.com does not let this application do that.");
    default:
      // A mistake of ours or of the application: input that Cal.com rejected, or a token store that failed.
      return internalError();
  }
}

/** Whether the error is reported to the application: not if only the request was wrong. */
export function isReportable(error: unknown): boolean {
  return !(error instanceof HttpError) || error.status >= 500;
}
