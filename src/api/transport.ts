import { CalApiError, CalTimeoutError, CalTokenError, CalValidationError } from "../errors.js";
import { assertTimeoutMs } from "../lib/assert.js";
import { TIME_IS_UP, withTimeLimit } from "../lib/deadline.js";
import { errorFromResponse, requestIdOf } from "./api-errors.js";
import { callHook, type CalRequestInfo, type CalResponseInfo, type Logger } from "./hooks.js";
import { connectionFailed } from "./network-errors.js";
import { MAX_BODY_MB, readBody } from "./read-body.js";
import type { ApiCall, ApiResponse, Auth } from "./request.js";
import { UnreadableResponseError } from "./response.js";
import { withRetries, type WireResponse } from "./retry.js";
import { takesCacheOption } from "./cache-option.js";
import { callUrl } from "./url.js";

export interface TransportOptions {
  baseUrl: string;
  /** The platform client, for calls about managed users. */
  platformClient: { clientId: string; clientSecret: string } | undefined;
  fetch: typeof fetch;
  timeoutMs: number;
  retry: { limit: number; maxWaitMs: number };
  onRequest?: ((info: CalRequestInfo) => void) | undefined;
  onResponse?: ((info: CalResponseInfo) => void) | undefined;
  logger?: Logger | undefined;
  now: () => number;
}

/** A request in the form that `fetch` takes. */
interface WireRequest {
  url: string;
  method: ApiCall<unknown>["method"];
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
  cache?: "no-store";
}

const idempotentMethods = ["GET", "PUT", "DELETE"];

/** Sends requests to Cal.com and reads the responses: time limits, retries, errors. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Makes the call. Rejects with a {@link CalError}, or with the reason of the caller's signal. */
  async send<T>(call: ApiCall<T>, auth: Auth): Promise<T> {
    if (call.timeoutMs !== undefined) assertTimeoutMs(call.timeoutMs);
    call.signal?.throwIfAborted();
    assertHeaderSafe(auth);
    const secrets = this.#secretsOf(call, auth);
    const request = this.#requestFor(call, auth);
    const policy = {
      ...this.#options.retry,
      ...(call.retryLimit !== undefined && { limit: call.retryLimit }),
      isIdempotent: call.idempotent ?? idempotentMethods.includes(call.method),
      method: call.method,
      signal: call.signal,
    };
    const response = await withRetries(request.url, policy, (attempt) =>
      this.#attempt(call, request, attempt, secrets),
    );
    const { status } = response;
    if (status < 300 || (status < 400 && call.expectsRedirect)) return readResponse(call, response);
    const { method, path } = call;
    throw errorFromResponse({
      method,
      path,
      auth: auth.kind,
      secrets,
      advice: call.advice?.[status],
      codes: call.errorCodes,
      ...response,
      text: response.text ?? "",
    });
  }

  /** One request and its whole response, body included, within the time limit. */
  async #attempt(
    call: ApiCall<unknown>,
    request: WireRequest,
    attempt: number,
    secrets: readonly string[],
  ): Promise<WireResponse> {
    const { baseUrl, fetch, now, onRequest, onResponse, logger } = this.#options;
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs;
    const info: CalRequestInfo = { method: call.method, path: call.path, attempt };
    const reportEnd = (end: Pick<CalResponseInfo, "status" | "error">): void => {
      if (!logger && !onResponse) return;
      const response: CalResponseInfo = { ...info, ...end, durationMs: now() - startedAt };
      const outcome = end.status ?? end.error ?? "aborted";
      logger?.debug?.(`calbridge: ${info.method} ${info.path} ${String(outcome)}`, response);
      callHook("onResponse", onResponse, response, logger);
    };
    callHook("onRequest", onRequest, info, logger);
    const startedAt = now();
    const exchange = async (signal: AbortSignal): Promise<WireResponse> => {
      const { url, ...init } = request;
      const response = await fetch(url, { ...init, signal });
      return { status: response.status, headers: response.headers, text: await readBody(response) };
    };
    try {
      const response = await withTimeLimit(exchange, timeoutMs, call.signal);
      reportEnd({ status: response.status });
      return response;
    } catch (error) {
      if (call.signal?.aborted) {
        reportEnd({ status: undefined });
        throw call.signal.reason;
      }
      // Only the origin of the base URL: the path of a proxy may contain a key.
      const summary = `${call.method} ${call.path} got no complete response from ${new URL(baseUrl).origin}`;
      const failure =
        error === TIME_IS_UP
          ? new CalTimeoutError(`${summary} within ${String(timeoutMs)} ms.`)
          : connectionFailed(summary, error, secrets);
      reportEnd({ status: undefined, error: failure.code });
      throw failure;
    }
  }

  #requestFor(call: ApiCall<unknown>, auth: Auth): WireRequest {
    const headers = this.#headersFor(auth);
    if (call.body !== undefined) headers["content-type"] = "application/json";
    return {
      url: callUrl(this.#options.baseUrl, call.path, call.params, call.query),
      method: call.method,
      headers,
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      // The redirect of `save` is read and not followed. Any other redirect is an error: following it would send the
      // authorization headers to another address.
      redirect: "manual",
      // Next.js 14 keeps responses of fetch for an hour and longer, those of a user's calendars as well.
      ...(takesCacheOption() && { cache: "no-store" as const }),
    };
  }

  #headersFor(auth: Auth): Record<string, string> {
    const { platformClient } = this.#options;
    const headers: Record<string, string> = { accept: "application/json" };
    if (auth.kind === "bearer") headers["authorization"] = `Bearer ${auth.accessToken}`;
    if (auth.kind === "client") {
      if (!platformClient) throw noPlatformClient();
      // Without x-cal-client-id the request counts against the IP address: 120 a minute instead of 500.
      headers["x-cal-client-id"] = platformClient.clientId;
      headers["x-cal-secret-key"] = platformClient.clientSecret;
    }
    if (auth.kind === "none" && auth.clientId !== undefined) headers["x-cal-client-id"] = auth.clientId;
    return headers;
  }

  #secretsOf(call: ApiCall<unknown>, auth: Auth): readonly string[] {
    const own = auth.kind === "bearer" ? [auth.accessToken] : [];
    const { platformClient } = this.#options;
    return [...(platformClient ? [platformClient.clientSecret] : []), ...own, ...(call.secrets ?? [])];
  }
}

// The runtime's own error for an invalid header value contains the value.
function assertHeaderSafe(auth: Auth): void {
  if (auth.kind === "bearer" && !/^[\x21-\x7e]+$/.test(auth.accessToken)) {
    throw new CalValidationError(
      "The stored access token has characters that are not allowed in an HTTP header.",
    );
  }
}

/** A call about managed users, by a client that was created without them. */
function noPlatformClient(): CalTokenError {
  return new CalTokenError(
    "This client has no platform client. For managed users: new CalClient({ managedUsers: { clientId, clientSecret }, ... }).",
    "unsupported_for_grant",
  );
}

function readResponse<T>(call: ApiCall<T>, { status, headers, text }: WireResponse): T {
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
    });
  }
}

function notJson(text: string): string {
  return /^\s*</.test(text) ? "it is HTML, not JSON" : "it is not complete JSON";
}
