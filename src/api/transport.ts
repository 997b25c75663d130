import ky, { HTTPError } from "ky";
import { CalApiError, CalNetworkError, CalTimeoutError, CalValidationError } from "../errors.js";
import { redactError } from "../redact.js";
import type { ApiAnswer, ApiCall, Auth } from "./call.js";
import { errorFromAnswer, requestIdOf, retryAfterMs } from "./error-mapping.js";
import { tell, type Logger, type RequestInfo, type ResponseInfo } from "./observe.js";
import { UnreadableAnswerError } from "./read.js";
import { callUrl } from "./url.js";

export interface TransportOptions {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
  fetch: typeof fetch;
  timeoutMs: number;
  retry: { limit: number; maxWaitMs: number };
  onRequest?: ((info: RequestInfo) => void) | undefined;
  onResponse?: ((info: ResponseInfo) => void) | undefined;
  logger?: Logger | undefined;
  now: () => number;
}

// 429 says to wait; the others come from a proxy whose server was away for a moment.
const retriedStatuses = [429, 502, 503, 504];
const idempotentMethods = ["GET", "PUT", "DELETE"];
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5_000;

/** Sends requests to Cal.com and reads its answers: time limits, repeats, errors. The only user of ky. */
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
    const response = await this.#fetchWithRetries(call, auth, secrets);
    const text = await response.text();
    const { status, headers } = response;
    if (status >= 400 || (status >= 300 && !call.answersRedirect)) {
      const { method, path } = call;
      throw errorFromAnswer({
        method,
        path,
        auth: auth.kind,
        status,
        headers,
        text,
        secrets,
        advice: call.advice?.[status],
      });
    }
    return readAnswer(call, { status, headers, text });
  }

  async #fetchWithRetries<T>(call: ApiCall<T>, auth: Auth, secrets: readonly string[]): Promise<Response> {
    const { baseUrl, retry } = this.#options;
    const isIdempotent = call.idempotent ?? idempotentMethods.includes(call.method);
    let attempt = 0;
    let asked: number | undefined;
    try {
      return await ky(callUrl(baseUrl, call.path, call.params, call.query), {
        method: call.method,
        headers: this.#headersFor(auth),
        ...(call.body !== undefined && { json: call.body }),
        ...(call.signal && { signal: call.signal }),
        // The answer of `save` is a redirect, to be read and not followed; any other redirect is an error,
        // and following it would carry the authorization headers along.
        redirect: "manual",
        // ky's time limit ends with the headers; ours, in #attempt, with the last byte of the body.
        timeout: false,
        throwHttpErrors: (status) => retriedStatuses.includes(status),
        fetch: (request) => {
          attempt += 1;
          return this.#attempt(call, request as Request, attempt, secrets);
        },
        retry: {
          limit: isIdempotent ? retry.limit : 0,
          methods: [call.method.toLowerCase() as "get"],
          shouldRetry: ({ error }) => {
            if (call.signal?.aborted) return false;
            asked = error instanceof HTTPError ? retryAfterMs(error.response.headers) : undefined;
            return (asked ?? 0) <= retry.maxWaitMs;
          },
          delay: (count) => asked ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1)),
          // A stated wait is kept; a pause of our own is spread, so that callers don't come back in step.
          jitter: (delay) => (asked === undefined ? delay * (0.5 + Math.random() / 2) : delay),
        },
      });
    } catch (error) {
      if (error instanceof HTTPError) return error.response;
      throw error;
    }
  }

  /** One request and its whole answer, body included, within the time limit. */
  async #attempt(
    call: ApiCall<unknown>,
    request: Request,
    attempt: number,
    secrets: readonly string[],
  ): Promise<Response> {
    const { fetch, now, onRequest, onResponse, logger } = this.#options;
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs;
    const info: RequestInfo = { method: call.method, path: call.path, attempt };
    const finish = (end: Pick<ResponseInfo, "status" | "error">): void => {
      const response: ResponseInfo = { ...info, ...end, durationMs: now() - startedAt };
      const outcome = end.status ?? end.error ?? "aborted";
      logger?.debug?.(`calbridge: ${info.method} ${info.path} ${String(outcome)}`, response);
      tell("onResponse", onResponse, response, logger);
    };
    tell("onRequest", onRequest, info, logger);
    const startedAt = now();
    const limit = timeLimit(timeoutMs, call.signal);
    try {
      const response = await limit.race(fetch(request, { signal: limit.signal }));
      const text = await limit.race(response.text());
      finish({ status: response.status });
      return buffered(response, text);
    } catch (error) {
      if (call.signal?.aborted) {
        finish({ status: undefined });
        throw call.signal.reason;
      }
      const failure = limit.signal.aborted
        ? new CalTimeoutError(
            `${call.method} ${call.path} had no complete answer within ${String(timeoutMs)} ms.`,
          )
        : new CalNetworkError(`${call.method} ${call.path} had no complete answer: the connection failed.`, {
            cause: redactError(error, secrets),
          });
      finish({ status: undefined, error: failure.code });
      throw failure;
    } finally {
      limit.clear();
    }
  }

  #headersFor(auth: Auth): Record<string, string> {
    const { clientId, clientSecret } = this.#options;
    const headers: Record<string, string> = { accept: "application/json" };
    if (auth.kind === "bearer") headers["authorization"] = `Bearer ${auth.accessToken}`;
    if (auth.kind === "client") {
      // Without x-cal-client-id the request counts against the IP address: 120 a minute instead of 500.
      headers["x-cal-client-id"] = clientId;
      headers["x-cal-secret-key"] = clientSecret;
    }
    return headers;
  }

  #secretsOf(call: ApiCall<unknown>, auth: Auth): readonly string[] {
    const own = auth.kind === "bearer" ? [auth.accessToken] : [];
    return [this.#options.clientSecret, ...own, ...(call.secrets ?? [])];
  }
}

// The longest wait that setTimeout can keep: of a longer one, as of a negative one, it makes 1 ms.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export function assertTimeoutMs(value: unknown): void {
  if (typeof value !== "number" || !(value >= 1 && value <= LONGEST_TIMEOUT_MS)) {
    throw new CalValidationError(
      `timeoutMs must be a number of milliseconds from 1 to ${String(LONGEST_TIMEOUT_MS)}.`,
    );
  }
}

// The runtime's own error for a bad header value repeats the value.
function assertHeaderSafe(auth: Auth): void {
  if (auth.kind === "bearer" && !/^[\x21-\x7e]+$/.test(auth.accessToken)) {
    throw new CalValidationError("The stored access token has characters that no HTTP header can carry.");
  }
}

function readAnswer<T>(
  call: ApiCall<T>,
  { status, headers, text }: { status: number; headers: Headers; text: string },
): T {
  try {
    const body: unknown = text === "" || status >= 300 ? undefined : JSON.parse(text);
    return call.read({ status, headers, body } satisfies ApiAnswer);
  } catch (error) {
    // JSON's own message repeats a piece of the text, so only the kind of trouble is told.
    const trouble =
      error instanceof UnreadableAnswerError
        ? error.message
        : error instanceof SyntaxError
          ? notJson(text)
          : undefined;
    if (trouble === undefined) throw error;
    throw new CalApiError(`Cal.com's answer to ${call.method} ${call.path} can't be read: ${trouble}.`, {
      code: "invalid_response",
      status,
      requestId: requestIdOf(headers),
    });
  }
}

function notJson(text: string): string {
  return /^\s*</.test(text) ? "it is HTML, not JSON" : "it is not JSON, or was cut short";
}

function buffered({ status, headers }: Response, text: string): Response {
  // These statuses may not have a body: the constructor refuses even an empty one.
  const hasNoBody = status === 204 || status === 205 || status === 304;
  return new Response(hasNoBody ? null : text, { status, headers });
}

/** A signal that is aborted when the time is up or the caller gives up. */
function timeLimit(timeoutMs: number, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort(outer?.reason);
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  if (outer?.aborted) abort();
  else outer?.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    /** A `fetch` or a body that doesn't heed the signal must not hold up the caller. */
    race: <T>(promise: Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const onAbort = () => reject(new Error("aborted"));
        if (controller.signal.aborted) onAbort();
        controller.signal.addEventListener("abort", onAbort, { once: true });
        promise.then(resolve, reject).finally(() => controller.signal.removeEventListener("abort", onAbort));
      }),
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    },
  };
}
