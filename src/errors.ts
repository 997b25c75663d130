/**
 * What went wrong, as a value to switch on. A code keeps its meaning; later versions may add codes.
 *
 * | code | class | what happened |
 * | --- | --- | --- |
 * | `invalid_input` | {@link CalValidationError} | An argument or option is invalid. Nothing was sent. |
 * | `network_error` | {@link CalNetworkError} | No complete response: DNS, refused or reset connection. |
 * | `timeout` | {@link CalTimeoutError} | No complete response within the time limit. |
 * | `rate_limited` | {@link CalRateLimitError} | Cal.com returned 429. See `retryAfterMs`. |
 * | `bad_request` | {@link CalApiError} | Cal.com returned 400 or 422. |
 * | `unauthorized` | {@link CalApiError} | Cal.com returned 401, and not because of the user's access token. |
 * | `token_rejected` | {@link CalApiError} | 401: Cal.com rejects the access token, even after a refresh. |
 * | `token_expired` | {@link CalApiError} | 498: the access token has expired, even after a refresh. |
 * | `missing_scope` | {@link CalApiError} | 403: the user's tokens lack a scope. See `missingScopes`. |
 * | `unavailable_for_grant` | {@link CalApiError} | 403: Cal.com does not offer this endpoint to OAuth 2 tokens. |
 * | `forbidden` | {@link CalApiError} | Cal.com returned 403. |
 * | `not_found` | {@link CalApiError} | Cal.com returned 404: the object doesn't exist. |
 * | `conflict` | {@link CalApiError} | Cal.com returned 409. |
 * | `email_in_use` | {@link CalApiError} | 409: the managed user with this address belongs to another application user. |
 * | `unowned_user` | {@link CalApiError} | 409: a managed user has this address and does not say whose it is. |
 * | `username_taken` | {@link CalApiError} | 409: Cal.com has a managed user with the same user name. |
 * | `provider_code_rejected` | {@link CalApiError} | `save()`: Google's or Microsoft's code is wrong or used, or access to calendars was not granted. |
 * | `calendar_unreadable` | {@link CalApiError} | `busyTimes()`: a connection can't be read, so its busy times would be missing. |
 * | `payload_too_large` | {@link CalApiError} | Cal.com returned 413 (a body over 100 kB), 414 or 431. |
 * | `server_error` | {@link CalApiError} | Cal.com returned 5xx. |
 * | `invalid_response` | {@link CalApiError} | The response was HTML, cut short, empty or of another shape. |
 * | `api_error` | {@link CalApiError} | Any other status; also a 404 for the endpoint itself: a wrong base URL. |
 * | `list_limit` | {@link CalApiError} | More managed users than Cal.com lets a client page through. |
 * | `user_not_found` | {@link CalTokenError} | The token store has no record of this user, or it was deleted meanwhile. |
 * | `cal_user_gone` | {@link CalTokenError} | Cal.com no longer has this user. |
 * | `reauthorization_required` | {@link CalTokenError} | No token can be had until the user connects to Cal.com again. |
 * | `refresh_pending` | {@link CalTokenError} | The outcome of a refresh is not known yet. See `retryAfterMs`. |
 * | `client_mismatch` | {@link CalTokenError} | The stored tokens were issued to another OAuth client. |
 * | `client_rejected` | {@link CalTokenError} | Cal.com refuses the OAuth client: its secret, or it is under review. |
 * | `client_closed` | {@link CalTokenError} | The client was closed, and a token needs a refresh. |
 * | `cal_user_in_use` | {@link CalUserInUseError} | Another application user has this Cal.com user. |
 * | `unsupported_for_grant` | {@link CalTokenError} | The user's grant (managed or OAuth 2) doesn't have this method. |
 * | `code_rejected` | {@link CalLinkError} | `link()`: Cal.com did not accept its authorization code. |
 * | `team_account_not_supported` | {@link CalLinkError} | A team was chosen at Cal.com, not a person. |
 * | `different_cal_account` | {@link CalLinkError} | The user has linked another Cal.com account. |
 * | `cal_account_in_use` | {@link CalLinkError} | Another application user has linked this Cal.com account. |
 * | `store_error` | {@link CalStoreError} | The token store failed. |
 * | `secret_unavailable` | {@link CalSecretError} | A function that returns a secret failed. |
 */
export type CalErrorCode =
  | "invalid_input"
  | "network_error"
  | "timeout"
  | CalApiErrorCode
  | CalTokenErrorCode
  | CalLinkErrorCode
  | "cal_user_in_use"
  | "store_error"
  | "secret_unavailable";

/** The codes of a {@link CalApiError}. */
export type CalApiErrorCode =
  | "rate_limited"
  | "bad_request"
  | "unauthorized"
  | "token_rejected"
  | "token_expired"
  | "missing_scope"
  | "unavailable_for_grant"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "email_in_use"
  | "unowned_user"
  | "username_taken"
  | "provider_code_rejected"
  | "calendar_unreadable"
  | "payload_too_large"
  | "server_error"
  | "invalid_response"
  | "api_error"
  | "list_limit";

/** The codes of a {@link CalTokenError}. */
export type CalTokenErrorCode =
  | "user_not_found"
  | "cal_user_gone"
  | "reauthorization_required"
  | "refresh_pending"
  | "client_mismatch"
  | "client_rejected"
  | "client_closed"
  | "unsupported_for_grant";

/** The codes of a {@link CalLinkError}. */
export type CalLinkErrorCode =
  "code_rejected" | "team_account_not_supported" | "different_cal_account" | "cal_account_in_use";

/** How many requests Cal.com still accepts from this caller. It counts each user's token and each client on its own. */
export interface CalRateLimit {
  /** Requests in each window: 500 for a token or a client, and 120 for an IP address. */
  limit: number;
  /** Requests that are left in this window. */
  remaining: number;
  /** Time until the window ends, in milliseconds. After a 429: until the block ends. */
  resetAfterMs: number;
}

/** What a {@link CalError} is made of, its message aside. Each property means what it means in the error. */
export type CalErrorOptions = {
  code: CalErrorCode;
  /** The error behind this one, without secrets. */
  cause?: unknown;
} & { [Name in "status" | "requestId" | "retryAfterMs" | "rateLimit"]?: CalError[Name] | undefined };

const metadata = ["status", "requestId", "retryAfterMs", "rateLimit"] as const;
// Known to the transport only, which adds them.
const shown = [...metadata, "attempts", "userHash"] as const;

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
  /** HTTP status of Cal.com's response, if there was one. */
  declare readonly status?: number;
  /** Cal.com's `X-Request-Id`, to quote to its support. */
  declare readonly requestId?: string;
  /** How long to wait before the next try, in milliseconds. */
  declare readonly retryAfterMs?: number;
  /** What Cal.com's response says of the rate limit, if there was a response. */
  declare readonly rateLimit?: CalRateLimit;
  /** How often the request was sent. Absent if none was sent. */
  declare readonly attempts?: number;
  /**
   * For whom the call was made, as a hash: the first 16 hexadecimal digits of the SHA-256 of the application's user id.
   * Absent for calls as the platform client.
   */
  declare readonly userHash?: string;

  constructor(message: string, options: CalErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    for (const name of metadata) {
      if (options[name] !== undefined) Object.assign(this, { [name]: options[name] });
    }
    Object.defineProperty(this, brand, { value: true });
  }

  /** What `JSON.stringify` sees: the message included, the stack and the cause left out. */
  toJSON(): Pick<CalError, "name" | "code" | "message"> &
    Pick<CalError, "status" | "requestId" | "retryAfterMs" | "rateLimit" | "attempts" | "userHash"> {
    const { name, code, message } = this;
    const known = shown.filter((property) => this[property] !== undefined);
    return Object.assign(
      { name, code, message },
      Object.fromEntries(known.map((property) => [property, this[property]])),
    );
  }
}

/** Cal.com returned an error, or a response that can't be read. */
export class CalApiError extends CalError {
  override readonly name: string = "CalApiError";
  declare readonly code: CalApiErrorCode;
  /** Cal.com's own name for the error, such as `BadRequestException` or `NOT_FOUND`. */
  declare readonly apiCode?: string;
  /** Cal.com's own message, with secrets taken out. Absent if the response had none. */
  declare readonly apiMessage?: string;
  /** The scopes that the user's tokens lack, for `missing_scope`. */
  declare readonly missingScopes?: readonly string[];

  constructor(
    message: string,
    options: CalErrorOptions & {
      code: CalApiErrorCode;
      apiCode?: string | undefined;
      apiMessage?: string | undefined;
      missingScopes?: readonly string[] | undefined;
    },
  ) {
    super(message, options);
    if (options.apiCode !== undefined) this.apiCode = options.apiCode;
    if (options.apiMessage !== undefined) this.apiMessage = options.apiMessage;
    if (options.missingScopes !== undefined) this.missingScopes = options.missingScopes;
  }
}

/** Cal.com returned 429: too many requests. `retryAfterMs` says when the block ends; Cal.com blocks for 60 s. */
export class CalRateLimitError extends CalApiError {
  override readonly name = "CalRateLimitError";
  declare readonly code: "rate_limited";
}

/** No complete response arrived within `timeoutMs`. Whether Cal.com acted on the request is not known. */
export class CalTimeoutError extends CalError {
  override readonly name = "CalTimeoutError";
  declare readonly code: "timeout";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "timeout" });
  }
}

/** No complete response arrived: DNS, a refused or reset connection. Whether Cal.com acted is not known. */
export class CalNetworkError extends CalError {
  override readonly name = "CalNetworkError";
  declare readonly code: "network_error";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "network_error" });
  }
}

/** An argument or option is invalid. Nothing was sent and nothing was changed. */
export class CalValidationError extends CalError {
  override readonly name = "CalValidationError";
  declare readonly code: "invalid_input";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "invalid_input" });
  }
}

/** This user has no usable token, and calbridge can't get one. */
export class CalTokenError extends CalError {
  override readonly name = "CalTokenError";
  declare readonly code: CalTokenErrorCode;

  constructor(message: string, code: CalTokenErrorCode, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code });
  }
}

/** The token store failed. The tokens that it holds still work. */
export class CalStoreError extends CalError {
  override readonly name = "CalStoreError";
  declare readonly code: "store_error";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "store_error" });
  }
}

/** A function of the application's that returns a secret failed, or what it returned is not valid. Nothing was sent. */
export class CalSecretError extends CalError {
  override readonly name = "CalSecretError";
  declare readonly code: "secret_unavailable";

  constructor(message: string, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code: "secret_unavailable" });
  }
}

/** A Cal.com account was not linked. Nothing was changed. */
export class CalLinkError extends CalError {
  override readonly name = "CalLinkError";
  declare readonly code: CalLinkErrorCode;

  constructor(message: string, code: CalLinkErrorCode, options: Omit<CalErrorOptions, "code"> = {}) {
    super(message, { ...options, code });
  }
}

/**
 * Another application user's record has this Cal.com user already: each Cal.com user belongs to one application user.
 * Token stores throw it from `set` and `reassign`.
 */
export class CalUserInUseError extends CalError {
  override readonly name = "CalUserInUseError";
  declare readonly code: "cal_user_in_use";

  constructor(
    message = "Another user's record in the token store has this Cal.com user. To move it: cal.reassignUser(from, to).",
    options: Omit<CalErrorOptions, "code"> = {},
  ) {
    super(message, { ...options, code: "cal_user_in_use" });
  }
}

/** Every error of this package, so that `switch (error.code)` narrows to the class. */
export type AnyCalError =
  | CalValidationError
  | CalNetworkError
  | CalTimeoutError
  | CalRateLimitError
  | CalApiError
  | CalTokenError
  | CalLinkError
  | CalUserInUseError
  | CalStoreError
  | CalSecretError;

/**
 * Whether a caught value is an error of this package. Works across copies of the package, where
 * `instanceof` does not. Narrows, so that a `switch` over `error.code` knows the properties of each class.
 *
 * @example
 * ```ts
 * try {
 *   await ada.calendars.list();
 * } catch (error) {
 *   if (!isCalError(error)) throw error;
 *   switch (error.code) {
 *     case "rate_limited":
 *       return retryLater(error.retryAfterMs);
 *     case "bad_request":
 *       return showMessage(error.apiMessage);
 *     default:
 *       throw error;
 *   }
 * }
 * ```
 */
export function isCalError(error: unknown): error is AnyCalError {
  return typeof error === "object" && error !== null && brand in error;
}
