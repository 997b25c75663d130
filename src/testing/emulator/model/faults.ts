import { matches, type LoggedRequest, type RequestMatch } from "./request-log.js";

/** What the caller receives in place of Cal.com's response. */
export type FaultEffect =
  /** A response with this status. Without `body`, with the body that Cal.com sends for it. */
  | { status: number; body?: unknown; headers?: Record<string, string> | undefined }
  /** The connection is reset. */
  | { reset: true }
  /** Cal.com's own response, later. Uses a real timer, which fake timers control. */
  | { delayMs: number }
  /** No response, ever. */
  | { hang: true }
  /** The response's body ends half-way. Implies `lost`. */
  | { truncate: true }
  /** A proxy's error page. The status is 502 unless given. */
  | { html: true; status?: number | undefined }
  /** No body. The status is 200 unless given. */
  | { empty: true; status?: number | undefined };

/** A failure that is injected into requests. */
export interface Fault extends RequestMatch {
  effect: FaultEffect;
  /**
   * How many requests fail. `Infinity` for all of them.
   *
   * @defaultValue 1
   */
  times?: number | undefined;
  /**
   * How many matching requests succeed first.
   *
   * @defaultValue 0
   */
  after?: number | undefined;
  /**
   * Whether Cal.com processes the request and only its response is lost: tokens are rotated, users created.
   *
   * @defaultValue false: the request never reaches Cal.com
   */
  lost?: boolean | undefined;
}

/** An injected fault. */
export interface FaultHandle {
  /** How many requests have failed because of it. */
  readonly hits: number;
  /** Ends the fault. */
  remove(): void;
}

export interface Faults {
  add(fault: Fault): FaultHandle;
  /** Returns the fault for this request, if there is one, and counts the request. */
  take(request: LoggedRequest): Fault | undefined;
}

export function createFaults(): Faults {
  const active: { fault: Fault; seen: number; hits: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, seen: 0, hits: 0 };
      active.push(entry);
      return {
        get hits() {
          return entry.hits;
        },
        remove() {
          const at = active.indexOf(entry);
          if (at >= 0) active.splice(at, 1);
        },
      };
    },
    take(request) {
      for (const entry of active) {
        const { times = 1, after = 0 } = entry.fault;
        if (entry.hits >= times || !matches(entry.fault, request)) continue;
        if (++entry.seen <= after) continue;
        entry.hits++;
        return entry.fault;
      }
      return undefined;
    },
  };
}
