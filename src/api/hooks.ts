import type { CalErrorCode, CalRateLimit } from "../errors.js";
import { callSafely } from "../lib/call-safely.js";

/** An attempt that is about to be sent. Holds no secret: `path` is a template without its values. */
export interface CalRequestInfo {
  /** `GET`, `POST`, ... */
  method: string;
  /** The template of the path, such as `/oauth-clients/{clientId}/users/{userId}`. */
  path: string;
  /** 1 for the first attempt of a request, 2 for its first retry. */
  attempt: number;
  /** Which call the attempt belongs to: a number that no other call of this client has. */
  callId: number;
  /**
   * For whom the call is made, as a hash: the first 16 hexadecimal digits of the SHA-256 of the application's user id.
   * Absent for calls as the platform client, and for requests for tokens.
   */
  userHash?: string;
}

/** An attempt that has ended. */
export interface CalResponseInfo extends CalRequestInfo {
  /** HTTP status, or `undefined` if no complete response arrived. */
  status: number | undefined;
  /** Time from sending the request to the last byte of the body, in milliseconds. */
  durationMs: number;
  /** Why there is no status. Also `undefined` if the caller's signal ended the attempt. */
  error?: CalErrorCode | undefined;
  /** Cal.com's `X-Request-Id`, to quote to its support. */
  requestId?: string | undefined;
  /** How many requests Cal.com still accepts from this caller. */
  rateLimit?: CalRateLimit | undefined;
}

/**
 * Receives the client's log messages. `console` is a valid logger; for pino or winston, pass a few arrow functions.
 * The fields hold no secret.
 */
export interface Logger {
  /** Logs each attempt of a request. */
  debug?(message: string, fields: object): void;
  /** Logs failures that reject no call. */
  warn?(message: string, fields: object): void;
  /** Logs that a hook or `waitUntil` threw. */
  error?(message: string, fields: object): void;
}

/** Calls a hook. If the hook throws or rejects, that is logged, and the call that it was called for goes on. */
export function callHook<T extends object>(
  name: string,
  hook: ((info: T) => unknown) | undefined,
  info: T,
  logger: Logger | undefined,
): void {
  if (!hook) return;
  callSafely(
    () => hook(info),
    () => logger?.error?.(`calbridge: the hook ${name} threw`, { hook: name }),
  );
}

/** Wraps the application's logger: it has all methods, and an error that it throws is ignored. */
export function guardLogger(logger: Logger): Required<Logger> {
  const guard = (level: keyof Logger) => (message: string, fields: object) => {
    // A log call between Cal.com's response and the write to the store must not lose the new tokens.
    callSafely(
      () => logger[level]?.(message, fields),
      () => undefined,
    );
  };
  return { debug: guard("debug"), warn: guard("warn"), error: guard("error") };
}
