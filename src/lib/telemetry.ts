import type { CalErrorCode, CalRateLimit } from "../errors.js";

/** Something that takes time. Holds no secret. */
export type Operation =
  /** A call of Cal.com's API: with waiting for a token, and its retries. `path` is a template without its values. */
  | { kind: "call"; method: string; path: string; userId?: string | undefined }
  /** One request of a call. */
  | {
      kind: "attempt";
      method: string;
      path: string;
      attempt: number;
      userHash?: string | undefined;
      baseUrl: string;
    }
  /** New tokens for a user: waiting for other processes, the request and the write. */
  | { kind: "refresh"; userId: string; isBackground: boolean }
  /** A method of the token store. */
  | { kind: "store"; method: string }
  /** A method of the connection store. */
  | { kind: "connection_store"; method: string }
  /** A check of a user's connections, with what it restores and its calls of the hook. */
  | { kind: "connection_check"; userId: string }
  /** A request that the handlers serve. */
  | { kind: "handler"; name: string; method: string };

/** What came of an operation, as far as it is known. */
export interface OperationResult {
  /** HTTP status: of Cal.com's response, or of the handlers'. */
  status?: number | undefined;
  /** Of a refresh: a `TokenRefreshOutcome`. */
  outcome?: string | undefined;
  error?: CalErrorCode | undefined;
  requestId?: string | undefined;
  rateLimit?: CalRateLimit | undefined;
}

/** Something that happened. Holds no secret. */
export type TelemetryEvent =
  | { name: "token_refresh"; outcome: string; error?: CalErrorCode | undefined }
  | { name: "reauthorization_required"; reason: string }
  /** A calendar connection was made, was removed, or has another status. */
  | { name: "connection_change"; provider: string; status: string };

/** Receives what the client does, for traces and metrics. `openTelemetry()` of `calbridge/opentelemetry` returns one. */
export interface Telemetry {
  /** Does the work, once, and returns what it returns. The work may report what came of it before it ends. */
  trace<T>(operation: Operation, work: (report: (result: OperationResult) => void) => Promise<T>): Promise<T>;
  /** Counts an event. */
  count(event: TelemetryEvent): void;
  /** The `fetch` for requests to Cal.com, whose URLs may hold tokens: hides them from automatic instrumentation. */
  wrapFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch;
}

/** Does the work as an operation of the telemetry, if there is one. */
export function traced<T>(
  telemetry: Telemetry | undefined,
  operation: Operation,
  work: (report: (result: OperationResult) => void) => Promise<T>,
): Promise<T> {
  return telemetry ? telemetry.trace(operation, work) : work(ignore);
}

const ignore = (): void => undefined;
