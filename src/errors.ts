/**
 * What went wrong, as a value to switch on. A code keeps its meaning; new ones may be added.
 *
 * | code | class | what happened |
 * | --- | --- | --- |
 * | `invalid_input` | {@link CalValidationError} | An argument or option can't be right. Nothing was sent. |
 * | `network_error` | {@link CalNetworkError} | No complete answer came: DNS, refused or reset connection. |
 * | `timeout` | {@link CalTimeoutError} | No complete answer came in time. |
 * | `rate_limited` | {@link CalRateLimitError} | Cal.com answered 429. See `retryAfterMs`. |
 * | `bad_request` | {@link CalApiError} | Cal.com answered 400 or 422. |
 * | `unauthorized` | {@link CalApiError} | Cal.com answered 401, and not about the user's access token. |
 * | `token_rejected` | {@link CalApiError} | 401: Cal.com doesn't know the access token, even after a refresh. |
 * | `token_expired` | {@link CalApiError} | 498: the access token has expired, even after a refresh. |
 * | `forbidden` | {@link CalApiError} | Cal.com answered 403. |
 * | `not_found` | {@link CalApiError} | Cal.com answered 404: there is no such thing. |
 * | `conflict` | {@link CalApiError} | Cal.com answered 409. |
 * | `payload_too_large` | {@link CalApiError} | Cal.com answered 413 (a body over 100 kB) or 431. |
 * | `server_error` | {@link CalApiError} | Cal.com answered 5xx. |
 * | `invalid_response` | {@link CalApiError} | The answer was HTML, cut short, empty or of another shape. |
 * | `api_error` | {@link CalApiError} | Any other status; also a 404 for the endpoint itself: a wrong base URL. |
 * | `list_limit` | {@link CalApiError} | More managed users than Cal.com lets anyone page through. |
 * | `user_not_found` | {@link CalTokenError} | The token store has no record of this user. |
 * | `reauthorization_failed` | {@link CalTokenError} | Cal.com no longer knows this managed user. |
 * | `disconnected` | {@link CalTokenError} | The user's record was deleted while tokens were being refreshed. |
 * | `store_error` | {@link CalStoreError} | The token store failed. |
 */
export type CalErrorCode =
  | "invalid_input"
  | "network_error"
  | "timeout"
  | "rate_limited"
  | "bad_request"
  | "unauthorized"
  | "token_rejected"
  | "token_expired"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "payload_too_large"
  | "server_error"
  | "invalid_response"
  | "api_error"
  | "list_limit"
  | CalTokenErrorCode
  | "store_error";

/** The codes of a {@link CalTokenError}. */
export type CalTokenErrorCode = "user_not_found" | "reauthorization_failed" | "disconnected";

/** What a {@link CalError} is made of, its message aside. */
export interface CalErrorOptions {
  code: CalErrorCode;
  /** HTTP status of Cal.com's answer. */
  status?: number | undefined;
  /** Cal.com's `X-Request-Id`, to quote to its support. */
  requestId?: string | undefined;
  /** How long to wait before the next try, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** The error behind this one, without secrets. */
  cause?: unknown;
}

// Shared by every copy of this module (ESM and CJS, two versions), where `instanceof` would fail.
const brand = Symbol.for("calbridge.error");

/**
 * The base of every error this package throws. Neither its message nor any of its properties holds a
 * token, a secret, a code, a state or a password.
 */
export class CalError extends Error {
  override readonly name: string = "CalError";
  /** What went wrong, as a value to switch on. */
  readonly code: CalErrorCode;
  /** HTTP status of Cal.com's answer, if there was one. */
  declare readonly status?: number;
  /** Cal.com's `X-Request-Id`, to quote to its support. */
  declare readonly requestId?: string;
  /** How long to wait before the next try, in milliseconds. */
  declare readonly retryAfterMs?: number;

  constructor(message: string, options: CalErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    if (options.status !== undefined) this.status = options.status;
    if (options.requestId !== undefined) this.requestId = options.requestId;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    Object.defineProperty(this, brand, { value: true });
  }

  /** What `JSON.stringify` sees: the message included, the stack and the cause left out. */
  toJSON(): {
    name: string;
    code: CalErrorCode;
    message: string;
    status?: number;
    requestId?: string;
    retryAfterMs?: number;
  } {
    const { name, code, message } = this;
    return {
      name,
      code,
      message,
      ...(this.status !== undefined && { status: this.status }),
      ...(this.requestId !== undefined && { requestId: this.requestId }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** Cal.com answered with an error, or with something that can't be read. */
export class CalApiError extends CalError {
  override readonly name: string = "CalApiError";
  /** Cal.com's own name for the error, such as `BadRequestException` or `NOT_FOUND`. */
  declare readonly apiCode?: string;
  /** Cal.com's own message, with secrets taken out. Absent if the answer had none. */
  declare readonly apiMessage?: string;

  constructor(
    message: string,
    options: CalErrorOptions & { apiCode?: string | undefined; apiMessage?: string | undefined },
  ) {
    super(message, options);
    if (options.apiCode !== undefined) this.apiCode = options.apiCode;
    if (options.apiMessage !== undefined) this.apiMessage = options.apiMessage;
  }
}

/** Cal.com answered 429: too many requests. `retryAfterMs` says when the block ends, at most 60 000 so far. */
export class CalRateLimitError extends CalApiError {
  override readonly name = "CalRateLimitError";
}

/** No complete answer came within `timeoutMs`. Whether Cal.com acted on the request is not known. */
export class CalTimeoutError extends CalError {
  override readonly name = "CalTimeoutError";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "timeout" });
  }
}

/** No complete answer came: DNS, a refused or reset connection. Whether Cal.com acted is not known. */
export class CalNetworkError extends CalError {
  override readonly name = "CalNetworkError";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "network_error" });
  }
}

/** An argument or option can't be right. Nothing was sent and nothing was changed. */
export class CalValidationError extends CalError {
  override readonly name = "CalValidationError";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "invalid_input" });
  }
}

/** There is no usable token for this user, and none can be had. */
export class CalTokenError extends CalError {
  override readonly name = "CalTokenError";
  declare readonly code: CalTokenErrorCode;

  constructor(message: string, code: CalTokenErrorCode) {
    super(message, { code });
  }
}

/** The token store failed. The tokens it holds are as good as they were. */
export class CalStoreError extends CalError {
  override readonly name = "CalStoreError";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "store_error" });
  }
}

/**
 * Whether a caught value is an error of this package. Holds across copies of the package, where
 * `instanceof` would not.
 *
 * @example
 * ```ts
 * try {
 *   await ada.calendars.list();
 * } catch (error) {
 *   if (isCalError(error) && error.code === "rate_limited") retryLater(error.retryAfterMs);
 *   else throw error;
 * }
 * ```
 */
export function isCalError(error: unknown): error is CalError {
  return typeof error === "object" && error !== null && brand in error;
}
