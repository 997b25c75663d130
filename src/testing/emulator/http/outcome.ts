import { HttpError } from "../model/errors.js";
import type { Fault, FaultEffect } from "../model/faults.js";
import { errorBody } from "./error-body.js";

/** How a request ends: with a response, or with a broken connection. */
export type Outcome =
  | { kind: "response"; response: Response }
  /** The first half of `body` arrives. */
  | { kind: "truncated"; response: Response; body: Uint8Array<ArrayBuffer> }
  | { kind: "reset" }
  | { kind: "hang" };

/** Processes a request, or not, and applies the fault. */
export async function withFault(
  fault: Fault | undefined,
  run: () => Promise<Response>,
  context: { path: string; now: number; signal: AbortSignal | undefined },
): Promise<Outcome> {
  if (!fault) return { kind: "response", response: await run() };
  const { effect, lost = false } = fault;

  if ("delayMs" in effect) {
    if (lost) {
      const response = await run();
      await delay(effect.delayMs, context.signal);
      return { kind: "response", response };
    }
    await delay(effect.delayMs, context.signal);
    // A caller that has given up never reaches Cal.com.
    if (context.signal?.aborted) return { kind: "hang" };
    return { kind: "response", response: await run() };
  }
  if ("truncate" in effect) {
    const response = await run();
    return { kind: "truncated", response, body: new Uint8Array(await response.arrayBuffer()) };
  }
  if (lost) await run();
  if ("reset" in effect) return { kind: "reset" };
  if ("hang" in effect) return { kind: "hang" };
  return { kind: "response", response: responseOf(effect, context) };
}

type ResponseEffect = Extract<FaultEffect, { status?: number | undefined }>;

function responseOf(effect: ResponseEffect, { path, now }: { path: string; now: number }): Response {
  if ("html" in effect) {
    const page =
      "<!doctype html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
    return new Response(page, {
      status: effect.status ?? 502,
      headers: { "Content-Type": "text/html; charset=utf-8" },
    });
  }
  if ("empty" in effect) return new Response(null, { status: effect.status ?? 200 });
  const { status, headers } = effect;
  const body = effect.body ?? errorBody(errorWithStatus(status), path, now);
  const isText = typeof body === "string";
  const hasBody = ![101, 204, 205, 304].includes(status);
  return new Response(hasBody ? (isText ? body : JSON.stringify(body)) : null, {
    status,
    headers: {
      "Content-Type": isText ? "text/plain; charset=utf-8" : "application/json; charset=utf-8",
      ...headers,
    },
  });
}

/** The error that Cal.com most often sends with a status. */
const errorsByStatus: Record<number, readonly [code: string, message: string]> = {
  400: ["BadRequestException", "Bad Request Exception"],
  401: ["UnauthorizedException", "Invalid Access Token."],
  403: ["ForbiddenException", "Forbidden resource"],
  404: ["NotFoundException", "Not Found"],
  409: ["CONFLICT", "Invalid Input: Trying to create a record that already exists."],
  429: ["ThrottlerException", "CustomThrottlerGuard - Too many requests. Please try again later."],
  498: ["TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED"],
  500: ["INTERNAL_SERVER_ERROR", "There was an error, please try again later."],
};

function errorWithStatus(status: number): HttpError {
  const [code, message] = errorsByStatus[status] ?? ["HttpException", "Injected by a test"];
  return new HttpError(status, message, { code });
}

/** Resolves after `ms` milliseconds, or as soon as the caller aborts. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", finish, { once: true });
    function finish(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    }
  });
}
