import { isCalError, type CalError } from "../../errors.js";
import { Refusal } from "./http-error.js";

/** On every answer: a token, a code or a state passes in the address, the body or a cookie of most of them. */
const privately = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

interface Extras {
  headers?: Record<string, string>;
  /** Values of `Set-Cookie`. */
  cookies?: readonly string[];
}

/** An answer with a JSON body. */
export function json(status: number, body: unknown, { headers, cookies }: Extras = {}): Response {
  const response = Response.json(body, { status, headers: { ...privately, ...headers } });
  return withCookies(response, cookies);
}

/** `{success: true, data}` */
export function success(data: object, extras?: Extras): Response {
  return json(200, { success: true, data }, extras);
}

/** A redirect after which the browser makes a GET, whatever it made before. */
export function seeOther(location: string, { headers, cookies }: Extras = {}): Response {
  const response = new Response(null, {
    status: 303,
    headers: { ...privately, ...headers, Location: location },
  });
  return withCookies(response, cookies);
}

function withCookies(response: Response, cookies: readonly string[] = []): Response {
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return response;
}

/** `{success: false, error: {code, message}}` for whatever was thrown. */
export function failure(error: unknown, extras: Extras = {}): Response {
  const { status, code, message, headers } = toRefusal(error);
  const body = { success: false, error: { code, message } };
  return json(status, body, { ...extras, headers: { ...headers, ...extras.headers } });
}

/** What to say of an error. The words are ours: Cal.com's own may repeat what was sent to it. */
function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isCalError(error)) return fromCalError(error);
  return internalError();
}

function internalError(): Refusal {
  return new Refusal(500, "internal_error", "Something went wrong. Try again later.");
}

function fromCalError({ code, retryAfterMs }: CalError): Refusal {
  switch (code) {
    case "rate_limited": {
      const seconds = Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000));
      const headers = { "Retry-After": String(seconds) };
      return new Refusal(503, "rate_limited", `Too many requests. Try again in ${seconds} s.`, headers);
    }
    case "timeout":
      return new Refusal(504, "unavailable", "Cal.com did not answer in time. Try again later.");
    case "network_error":
    case "server_error":
    case "invalid_response":
    case "api_error":
    case "unauthorized":
    case "token_expired":
    case "token_rejected":
      return new Refusal(502, "unavailable", "Cal.com could not be asked. Try again later.");
    case "conflict":
      return new Refusal(409, "conflict", "This e-mail address belongs to another calendar user.");
    case "reauthorization_failed":
    case "user_not_found":
    case "disconnected":
      return new Refusal(409, "reauthorization_failed", "Cal.com does not know this user any more.");
    case "forbidden":
      return new Refusal(502, "not_permitted", "Cal.com does not let this application do that.");
    default:
      // Our own mistakes, or the application's: input that Cal.com refused, a store that failed.
      return internalError();
  }
}

/** Whether the application should hear of it: not of a request that was merely wrong. */
export function isWorthTelling(error: unknown): boolean {
  return !(error instanceof Refusal) || error.status >= 500;
}
