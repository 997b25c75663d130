import { bare, HttpError } from "../model/errors.js";
import type { State } from "../model/state.js";
import { errorBody } from "./error-body.js";
import type { Reply } from "./route.js";

/** Headers of every response of Cal.com. */
const commonHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Origin-Agent-Cluster": "?1",
  "Strict-Transport-Security": "max-age=15552000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
  "X-DNS-Prefetch-Control": "off",
  "X-Download-Options": "noopen",
  "X-Frame-Options": "SAMEORIGIN",
  "X-Permitted-Cross-Domain-Policies": "none",
  "X-XSS-Protection": "0",
  "Access-Control-Allow-Origin": "*",
};

export interface Responder {
  respond: (reply: Reply, rateLimit?: Record<string, string>) => Response;
  /** An error response. It repeats the path and the query of the request's `url`. */
  fail: (error: unknown, url: string, rateLimit?: Record<string, string>) => Response;
}

/** Creates responses with Cal.com's headers. */
export function createResponder(state: State): Responder {
  function respond({ status, body, headers }: Reply, rateLimit: Record<string, string> = {}): Response {
    const isText = typeof body === "string";
    const text = isText ? body : JSON.stringify(body);
    const type = isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8";
    return new Response(status === 204 ? null : text, {
      status,
      headers: {
        ...commonHeaders,
        ...rateLimit,
        "X-Request-Id": `00000000-0000-4000-9000-${state.nextId("request").toString(16).padStart(12, "0")}`,
        ...(status !== 204 && { "Content-Type": type }),
        ...headers,
      },
    });
  }

  return {
    respond,
    fail(error, url, rateLimit) {
      // A bug in the emulator has the form of an unhandled error of Cal.com.
      const failure = error instanceof HttpError ? error : bare(500);
      const { status, headers = {} } = failure;
      const body = errorBody(failure, pathAndQuery(url), state.clock.now());
      return respond({ status, body, headers }, rateLimit);
    },
  };
}

/** A URL without its origin, as it was sent. */
export function pathAndQuery(url: string): string {
  return url.slice(new URL(url).origin.length).replace(/#.*$/s, "");
}
