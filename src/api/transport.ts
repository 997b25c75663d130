import { CalTimeoutError, CalTokenError, isCalError, type CalRateLimit } from "../errors.js";
import { assertTimeoutMs } from "../lib/assert.js";
import { TIME_IS_UP, withTimeLimit } from "../lib/deadline.js";
import { hashUserId } from "../lib/digest.js";
import type { SecretSource } from "../lib/secret-source.js";
import { traced, type OperationResult, type Telemetry } from "../lib/telemetry.js";
import { errorFromResponse, requestIdOf } from "./api-errors.js";
import { callHook, type CalRequestInfo, type CalResponseInfo, type Logger } from "./hooks.js";
import { connectionFailed } from "./network-errors.js";
import { RateLimits, rateLimitOf } from "./rate-limit.js";
import { readBody } from "./read-body.js";
import type { ApiCall, Auth } from "./request.js";
import { readResponse } from "./read-response.js";
import { withRetries, type WireResponse } from "./retry.js";
import { assertHeaderSafe, wireRequest, type WireRequest } from "./wire-request.js";

export interface TransportOptions {
  baseUrl: string;
  /** The platform client, for calls about managed users. */
  platformClient: { clientId: string; clientSecret: SecretSource<string> } | undefined;
  fetch: typeof fetch;
  timeoutMs: number;
  retry: { limit: number; maxWaitMs: number };
  onRequest?: ((info: CalRequestInfo) => void) | undefined;
  onResponse?: ((info: CalResponseInfo) => void) | undefined;
  logger?: Logger | undefined;
  telemetry?: Telemetry | undefined;
  now: () => number;
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
    const policy = {
      ...this.#options.retry,
      ...(call.retryLimit !== undefined && { limit: call.retryLimit }),
      isIdempotent: call.idempotent ?? idempotentMethods.includes(call.method),
      method: call.method,
      signal: call.signal,
    };
    const { method, path } = call;
    const { baseUrl } = this.#options;
    const platform = auth.kind === "client" ? this.#platformClient() : undefined;
    const about = { method, path, callId: ++this.#calls, ...(this.#isObserved && (await userOf(auth))) };
    let attempts = 0;
    let isRenewed = false;
    const exchange = async (): Promise<T> => {
      const client = platform && {
        clientId: platform.clientId,
        clientSecret: await platform.clientSecret.get(),
      };
      const secrets = this.#secretsOf(call, auth);
      const request = wireRequest(call, auth, { baseUrl, client });
      const response = await withRetries(request.url, policy, () => {
        const info = { ...about, attempt: ++attempts };
        return traced(this.#options.telemetry, { kind: "attempt", ...info, baseUrl }, (report) =>
          this.#attempt(call, auth, request, info, secrets, report),
        );
      });
      const { status } = response;
      if (status < 300 || (status < 400 && call.expectsRedirect)) return readResponse(call, response);
      if (status === 401 && client && !isRenewed) {
        isRenewed = true;
        // Cal.com has not carried the request out, so it may be sent again whatever its method.
        if (await platform.clientSecret.renew(client.clientSecret)) return exchange();
      }
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
    };
    try {
      return await exchange();
    } catch (error) {
      if (!isCalError(error)) throw error;
      throw Object.assign(error, attempts > 0 && { attempts }, await userOf(auth));
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

  #platformClient(): { clientId: string; clientSecret: SecretSource<string> } {
    if (this.#options.platformClient) return this.#options.platformClient;
    throw new CalTokenError(
      "This client has no platform client. For managed users: new CalClient({ managedUsers: { clientId, clientSecret }, ... }).",
      "unsupported_for_grant",
    );
  }

  #secretsOf(call: ApiCall<unknown>, auth: Auth): readonly string[] {
    const own = auth.kind === "bearer" ? [auth.accessToken] : [];
    const { platformClient } = this.#options;
    return [...(platformClient?.clientSecret.known ?? []), ...own, ...(call.secrets ?? [])];
  }
}

/** The user for whom a call is made, as hooks and errors have it. */
async function userOf({ userId }: Auth): Promise<{ userHash: string } | undefined> {
  return userId === undefined ? undefined : { userHash: await hashUserId(userId) };
}
