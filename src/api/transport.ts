import { onAbort } from "../lib/abort.js";
import { CalApiError, CalNetworkError, CalTimeoutError, CalValidationError } from "../errors.js";
import type { ApiAnswer, ApiCall, Auth } from "./request.js";
import { connectionFailed, wasNeverSent } from "./network-errors.js";
import { errorFromAnswer, requestIdOf, retryAfterMs } from "./api-errors.js";
import { tell, type Logger, type RequestInfo, type ResponseInfo } from "./hooks.js";
import { LONGEST_ANSWER_MB, readBody } from "./read-body.js";
import { UnreadableAnswerError } from "./response.js";
import { TIME_IS_UP, withTimeLimit } from "./time-limit.js";
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

/** What goes out. */
interface WireRequest {
  url: string;
  method: ApiCall<unknown>["method"];
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
}

/** What came back, read to its end. */
interface WireAnswer {
  status: number;
  headers: Headers;
  /** `null` if it was too long to be read. */
  text: string | null;
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
    const answer = await this.#exchange(call, this.#requestFor(call, auth), secrets);
    const { status } = answer;
    if (status >= 400 || (status >= 300 && !call.answersRedirect)) {
      const { method, path } = call;
      throw errorFromAnswer({
        method,
        path,
        auth: auth.kind,
        secrets,
        advice: call.advice?.[status],
        ...answer,
        text: answer.text ?? "",
      });
    }
    return readAnswer(call, answer);
  }

  /** The answer: to the first attempt or, where a repeat does no harm, to a later one. */
  async #exchange(
    call: ApiCall<unknown>,
    request: WireRequest,
    secrets: readonly string[],
  ): Promise<WireAnswer> {
    const isIdempotent = call.idempotent ?? idempotentMethods.includes(call.method);
    const { limit } = this.#options.retry;
    let first: () => WireAnswer;
    try {
      const answer = await this.#attempt(call, request, 1, secrets);
      if (limit === 0 || !isIdempotent || !retriedStatuses.includes(answer.status)) return answer;
      first = () => answer;
    } catch (error) {
      const isPassing = error instanceof CalNetworkError || error instanceof CalTimeoutError;
      if (limit === 0 || !isPassing || !(isIdempotent || wasNeverSent(error))) throw error;
      first = () => {
        throw error;
      };
    }
    return this.#repeat(call, request, secrets, { first, isIdempotent });
  }

  /**
   * Hands a first attempt that failed to ky, which waits, repeats and gives up. Not before: to be ready for a
   * repeat, ky clones each request and response, and most are never repeated. Nor is it loaded before.
   */
  async #repeat(
    call: ApiCall<unknown>,
    request: WireRequest,
    secrets: readonly string[],
    { first, isIdempotent }: { first: () => WireAnswer; isIdempotent: boolean },
  ): Promise<WireAnswer> {
    const { default: ky, HTTPError } = await import("ky");
    call.signal?.throwIfAborted();
    const { limit, maxWaitMs } = this.#options.retry;
    const { url, method } = request;
    let attempt = 0;
    let asked: number | undefined;
    let answer!: WireAnswer;
    // Not the caller's own, which may live as long as the process: on Node 20, what ky makes of it stays.
    const controller = new AbortController();
    const unwatch = call.signal && onAbort(call.signal, () => controller.abort(call.signal?.reason));
    try {
      await ky(url, {
        method,
        signal: controller.signal,
        // Ours ends with the last byte of the body, ky's with the headers.
        timeout: false,
        throwHttpErrors: (status) => retriedStatuses.includes(status),
        fetch: async () => {
          attempt += 1;
          answer = attempt === 1 ? first() : await this.#attempt(call, request, attempt, secrets);
          return toResponse(answer);
        },
        retry: {
          limit,
          methods: [method.toLowerCase() as "get"],
          shouldRetry: ({ error }) => {
            if (call.signal?.aborted || !(isIdempotent || wasNeverSent(error))) return false;
            asked = error instanceof HTTPError ? retryAfterMs(answer) : undefined;
            return (asked ?? 0) <= maxWaitMs;
          },
          delay: (count) => asked ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1)),
          // A stated wait is kept; a pause of our own is spread, so that callers don't come back in step.
          jitter: (delay) => (asked === undefined ? delay * (0.5 + Math.random() / 2) : delay),
        },
      });
    } catch (error) {
      // The last answer was a failure, too: it becomes an error where all of them do.
      if (!(error instanceof HTTPError)) throw error;
    } finally {
      unwatch?.();
    }
    return answer;
  }

  /** One request and its whole answer, body included, within the time limit. */
  async #attempt(
    call: ApiCall<unknown>,
    request: WireRequest,
    attempt: number,
    secrets: readonly string[],
  ): Promise<WireAnswer> {
    const { baseUrl, fetch, now, onRequest, onResponse, logger } = this.#options;
    const timeoutMs = call.timeoutMs ?? this.#options.timeoutMs;
    const info: RequestInfo = { method: call.method, path: call.path, attempt };
    const finish = (end: Pick<ResponseInfo, "status" | "error">): void => {
      if (!logger && !onResponse) return;
      const response: ResponseInfo = { ...info, ...end, durationMs: now() - startedAt };
      const outcome = end.status ?? end.error ?? "aborted";
      logger?.debug?.(`calbridge: ${info.method} ${info.path} ${String(outcome)}`, response);
      tell("onResponse", onResponse, response, logger);
    };
    tell("onRequest", onRequest, info, logger);
    const startedAt = now();
    const exchange = async (signal: AbortSignal): Promise<WireAnswer> => {
      const { url, ...init } = request;
      const response = await fetch(url, { ...init, signal });
      return { status: response.status, headers: response.headers, text: await readBody(response) };
    };
    try {
      const answer = await withTimeLimit(exchange, timeoutMs, call.signal);
      finish({ status: answer.status });
      return answer;
    } catch (error) {
      if (call.signal?.aborted) {
        finish({ status: undefined });
        throw call.signal.reason;
      }
      // Not the base URL's path, in which a proxy may want a key.
      const what = `${call.method} ${call.path} had no complete answer from ${new URL(baseUrl).origin}`;
      const failure =
        error === TIME_IS_UP
          ? new CalTimeoutError(`${what} within ${String(timeoutMs)} ms.`)
          : connectionFailed(what, error, secrets);
      finish({ status: undefined, error: failure.code });
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
      // The answer of `save` is a redirect, to be read and not followed; any other redirect is an error, and
      // following it would carry the authorization headers along.
      redirect: "manual",
    };
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
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

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

function readAnswer<T>(call: ApiCall<T>, { status, headers, text }: WireAnswer): T {
  try {
    if (text === null) throw new UnreadableAnswerError(`it is longer than ${String(LONGEST_ANSWER_MB)} MB`);
    const body: unknown = text === "" || status >= 300 ? undefined : JSON.parse(text);
    return call.read({ status, headers, body } satisfies ApiAnswer);
  } catch (error) {
    // JSON's own message repeats a piece of the text, so only the kind of trouble is told.
    const trouble =
      error instanceof UnreadableAnswerError
        ? error.message
        : error instanceof SyntaxError
          ? notJson(text ?? "")
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

/** What ky is to see of an answer. The constructor refuses a status that `fetch` lets through, such as 999. */
function toResponse({ status }: WireAnswer): Response {
  return new Response(null, { status: Math.min(Math.max(status, 200), 599) });
}
