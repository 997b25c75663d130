import type { CalApiErrorCode } from "../errors.js";

/** What every method that asks Cal.com takes last. */
export interface CallOptions {
  /**
   * Ends the call early: it rejects with the signal's reason. A request that was already sent may have
   * been carried out.
   */
  signal?: AbortSignal | undefined;
  /** Time limit of each attempt, in milliseconds. Default: the client's `timeoutMs` (10 000). */
  timeoutMs?: number | undefined;
}

/** Who a request is made as. Never a bearer and the client's secret at once: that is the organization's owner. */
export type Auth =
  | { kind: "bearer"; accessToken: string }
  | { kind: "client" }
  // `save`: the access token in the state is the authority.
  | { kind: "none" };

export type QueryValue = string | number | boolean | undefined;

/** One request to Cal.com, described once: what goes out, what may be repeated, how the answer is read. */
export interface ApiCall<T> extends CallOptions {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Template of the path below the base URL, as logs show it: `/calendars/{calendar}/check`. */
  path: string;
  /** What stands in the braces. */
  params?: Record<string, string | number>;
  query?: Record<string, QueryValue> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** Values in this call that no error may repeat: a password, a code, a state, a refresh token. */
  secrets?: readonly string[];
  /** Whether a repeat does no harm. Default: by the method, as RFC 9110 section 9.2.2 has it. */
  idempotent?: boolean;
  /** Whether the expected answer is a redirect. It is read, never followed. */
  expectsRedirect?: boolean;
  /** By status: what the answer means for this call and what to do, for the error's message. */
  advice?: Record<number, string>;
  /** By status: the error code of a bare `{statusCode, message}`, where that has a meaning of its own. */
  errorCodes?: Record<number, CalApiErrorCode>;
  /** Reads the answer. Throws an `UnreadableAnswerError` if it can't. */
  read: (answer: ApiResponse) => T;
}

/** Cal.com's answer with the status that {@link ApiCall} expects: 2xx, or 3xx where a redirect is the answer. */
export interface ApiResponse {
  status: number;
  headers: Headers;
  /** The parsed body, or `undefined` if it was empty. */
  body: unknown;
}

/** Makes a call as somebody: bound to a user, or to the OAuth client. */
export type Send = <T>(call: ApiCall<T>) => Promise<T>;
