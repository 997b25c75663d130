import {
  CalTimeoutError,
  CalTokenError,
  CalValidationError,
  isCalError,
  type CalRateLimit,
} from "../errors.js";
import { assertTimeoutMs } from "../lib/assert.js";
import { TIME_IS_UP, withTimeLimit } from "../lib/deadline.js";
import { hashUserId } from "../lib/digest.js";
import { traced, type OperationResult, type Telemetry } from "../lib/telemetry.js";
import { errorFromResponse, requestIdOf } from "./api-errors.js";
import { callHook, type CalRequestInfo, type CalResponseInfo, type Logger } from "./hooks.js";
import { connectionFailed } from "./network-errors.js";
import { RateLimits, rateLimitOf } from "./rate-limit.js";
import { readBody } from "./read-body.js";
import type { ApiCall, Auth } from "./request.js";
import { readResponse } from "./read-response.js";
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
  telemetry?: Telemetry | undefined;
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
  /** What is left to the platform client and the OAuth client. */
  readonly rateLimits: RateLimits;
  #calls = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.rateLimits = new RateLimits(options.now);
  }

  /** Makes the call. Rejects with a {@link CalError}, or with the reason of the caller's signal. */
  send<T>(call: ApiCall<T>, auth: Auth): Promise<T> {
    // A call with a user's token began before: it waited for the token.
    if (auth.kind === "bearer") return this.#send(call, auth);
    const { method, path } = call;
    const operation = { kind: "call", method, path, userId: auth.userId } as const;
    return traced(this.#options.telemetry, operation, () => this.#send(call, auth));
  }

  async #send<T>(call: ApiCall<T>, auth: Auth): Promise<T> {
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
    const { method, path } = call;
    const about = { method, path, callId: ++this.#calls, ...(this.#isObserved && (await userOf(auth))) };
    let attempts = 0;
    try {
      const response = await withRetries(request.url, policy, (attempt) => {
        attempts = attempt;
        const info = { ...about, attempt };
        const { telemetry, baseUrl } = this.#options;
        return traced(telemetry, { kind: "attempt", ...info, baseUrl }, (report) =>
          this.#attempt(call, auth, request, info, secrets, report),
        );
      });
      const { status } = response;
      if (status < 300 || (status < 400 && call.expectsRedirect)) return readResponse(call, response);
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
    } catch (error) {
      throw isCalError(error) ? Object.assign(error, { attempts, ...(await userOf(auth)) }) : error;
    }
  }

  get #isObserved(): boolean {
    const { onRequest, onResponse, logger, telemetry } = this.#options;
    return Boolean(onRequest ?? onResponse ?? logger ?? telemetry);
  }

  /** One request and its whole response, body included, within the time limit. */
  async #attempt(
    call: ApiCall<unknown>,
    auth: Auth,
    request: WireRequest,
    info: CalRequestInfo,
    secrets: readonly string[],
    report: (result: OperationResult) => void,
  ): Promise<WireResponse> {
    const { baseUrl, fetch, now, onRequest, onResponse, logger } = this.#options;
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs;
    const reportEnd = (end: Pick<CalResponseInfo, "status" | "error">, headers?: Headers): void => {
      const rateLimit = headers && this.#rateLimitOf(headers, auth);
      if (!this.#isObserved) return;
      const metadata = headers && { requestId: requestIdOf(headers), rateLimit };
      const response: CalResponseInfo = { ...info, ...end, ...metadata, durationMs: now() - startedAt };
      const outcome = end.status ?? end.error ?? "aborted";
      logger?.debug?.(`calbridge: ${info.method} ${info.path} ${String(outcome)}`, response);
      report(response);
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
      reportEnd({ status: response.status }, response.headers);
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

  /** Reads the rate limit, and remembers that of a client. Not read where it is not used. */
  #rateLimitOf(headers: Headers, auth: Auth): CalRateLimit | undefined {
    const clientId = this.#clientIdOf(auth);
    if (clientId === undefined && !this.#isObserved) return undefined;
    const rateLimit = rateLimitOf(headers);
    if (rateLimit && clientId !== undefined) this.rateLimits.update(clientId, rateLimit);
    return rateLimit;
  }

  /** The client whose rate limit a request counts against. */
  #clientIdOf(auth: Auth): string | undefined {
    if (auth.kind === "client") return this.#options.platformClient?.clientId;
    return auth.kind === "none" ? auth.clientId : undefined;
  }

  #requestFor(call: ApiCall<unknown>, auth: Auth): WireRequest {
    const headers = { ...this.#headersFor(auth), ...call.headers };
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

/** The user for whom a call is made, as hooks and errors have it. */
async function userOf({ userId }: Auth): Promise<{ userHash: string } | undefined> {
  return userId === undefined ? undefined : { userHash: await hashUserId(userId) };
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
