import type { CalApiErrorCode } from "../errors.js";

/** Options of each method that calls Cal.com; its last argument. */
export interface CallOptions {
  /**
   * Ends the call early: it rejects with the signal's reason. Cal.com may still carry out a request that was already
   * sent.
   */
  signal?: AbortSignal | undefined;
  /**
   * Time limit of each attempt, in milliseconds.
   * @defaultValue the client's `timeoutMs`
   */
  timeoutMs?: number | undefined;
}

/**
 * How a request is authenticated. Never with an access token and the client's secret together: Cal.com would then treat
 * it as the owner of the organization.
 */
export type Auth = {
  /** The application user for whom the call is made. It is not sent. */
  userId?: string;
} & (
  | { kind: "bearer"; accessToken: string }
  | { kind: "client" }
  // For `save`, where Cal.com takes the access token from the state, and for OAuth 2's token endpoint. With a client id
  // a request does not count against the IP address.
  | { kind: "none"; clientId?: string }
);

export type QueryValue = string | number | boolean | undefined;

/** Describes one request to Cal.com: what is sent, whether it may be retried, how the response is read. */
export interface ApiCall<T> extends CallOptions {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Template of the path below the base URL, such as `/calendars/{calendar}/check`. Logs show the template. */
  path: string;
  /** The values of the template. */
  params?: Record<string, string | number>;
  query?: Record<string, QueryValue> | undefined;
  /** Headers beside those of every request. */
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Values that must not appear in an error: a password, a code, a state, a refresh token. */
  secrets?: readonly string[];
  /**
   * Whether the request may be sent again after it has reached Cal.com.
   * @defaultValue `true` for the idempotent methods of RFC 9110, section 9.2.2
   */
  idempotent?: boolean;
  /**
   * How often the request is retried at most.
   * @defaultValue the client's `retry.limit`
   */
  retryLimit?: number;
  /** Whether the expected response is a redirect. It is read, never followed. */
  expectsRedirect?: boolean;
  /** By status: what it means for this call and what to do. Added to the error's message. */
  advice?: Record<number, string>;
  /** By status: the error code of a bare `{statusCode, message}`, where it has a meaning of its own. */
  errorCodes?: Record<number, CalApiErrorCode>;
  /**
   * Reads the response.
   * @throws `UnreadableResponseError` if the response has another shape.
   */
  read: (response: ApiResponse) => T;
}

/** A response with the expected status: 2xx, or 3xx for a call that expects a redirect. */
export interface ApiResponse {
  status: number;
  headers: Headers;
  /** The parsed body, or `undefined` if it was empty. */
  body: unknown;
}

/** Makes a call with the authentication of one user, or of the OAuth client. */
export type Send = <T>(call: ApiCall<T>) => Promise<T>;
