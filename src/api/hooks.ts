import type { CalErrorCode } from "../errors.js";

/** An attempt that is about to be made. Holds no secret: `path` is a template, its values left out. */
export interface CalRequestInfo {
  /** `GET`, `POST`, ... */
  method: string;
  /** The path's template, such as `/oauth-clients/{clientId}/users/{userId}`. */
  path: string;
  /** 1 for the first try of a request, 2 for its first repeat. */
  attempt: number;
}

/** An attempt that has ended. */
export interface CalResponseInfo extends CalRequestInfo {
  /** HTTP status, or `undefined` if no complete answer came. */
  status: number | undefined;
  /** From sending to the last byte of the body, in milliseconds. */
  durationMs: number;
  /** Why there is no status. Absent as well if the caller's signal ended the attempt. */
  error?: CalErrorCode | undefined;
}

/**
 * Where the client writes what it does. `console` is one; for pino or winston, pass a few arrow functions.
 * Fields hold no secret.
 */
export interface Logger {
  /** Each attempt of a request. */
  debug?(message: string, fields: object): void;
  /** What goes wrong without a caller to tell. */
  warn?(message: string, fields: object): void;
  /** Hooks, and `waitUntil`, that throw. */
  error?(message: string, fields: object): void;
}

/**
 * Calls a hook. What it throws, or rejects with, is the application's own trouble: it is logged, and the
 * call that the hook was told of goes on.
 */
export function callHook<T extends object>(
  name: string,
  hook: ((info: T) => unknown) | undefined,
  info: T,
  logger: Logger | undefined,
): void {
  if (!hook) return;
  attempt(
    () => hook(info),
    () => logger?.error?.(`calbridge: the hook ${name} threw`, { hook: name }),
  );
}

/** The application's logger, as the package calls it. What it throws can be told to nobody, and no call fails of it. */
export function guardLogger(logger: Logger): Required<Logger> {
  const guard = (level: keyof Logger) => (message: string, fields: object) => {
    // A refresh that fails here would lose the new tokens.
    attempt(
      () => logger[level]?.(message, fields),
      () => undefined,
    );
  };
  return { debug: guard("debug"), warn: guard("warn"), error: guard("error") };
}

/** Calls the application's own code. An async function passes for one that answers nothing; its rejection would end the process. */
function attempt(call: () => unknown, onFailure: () => void): void {
  try {
    const answer = call();
    if (answer instanceof Promise) answer.catch(onFailure);
  } catch {
    onFailure();
  }
}
