import { deleteEnded } from "../model/ended.js";

/** How many requests Cal.com accepts in a window. */
export interface EmulatorRateLimits {
  /**
   * For each bearer token.
   *
   * @defaultValue 500
   */
  bearer?: number | undefined;
  /**
   * For each client that sends `x-cal-client-id`.
   *
   * @defaultValue 500
   */
  client?: number | undefined;
  /**
   * For each IP address, all other requests: the public `save`, and client calls without that header.
   *
   * @defaultValue 120
   */
  ip?: number | undefined;
  /**
   * Length of the window, and of the block after too many requests.
   *
   * @defaultValue 60_000
   */
  windowMs?: number | undefined;
}

export type TrackerKind = "bearer" | "client" | "ip" | "apiKey";

export interface Limiter {
  /** Counts a request. Every response has the headers, errors included. */
  hit(kind: TrackerKind, id: string): { isBlocked: boolean; headers: Record<string, string> };
  reset(): void;
}

interface Bucket {
  hits: number;
  until: number;
  isBlocked: boolean;
}

export function createLimiter(now: () => number, options: boolean | EmulatorRateLimits): Limiter {
  const {
    bearer = 500,
    client = 500,
    ip = 120,
    windowMs = 60_000,
  } = typeof options === "object" ? options : {};
  const limits: Record<TrackerKind, number> = { bearer, client, ip, apiKey: 120 };
  const isEnforced = options !== false;
  const buckets = new Map<string, Bucket>();
  const hasEnded = ({ until }: Bucket): boolean => until <= now();

  return {
    hit(kind, id) {
      const limit = limits[kind];
      const key = `${kind} ${id}`;
      let bucket = buckets.get(key);
      if (!bucket || hasEnded(bucket)) {
        deleteEnded(buckets, hasEnded);
        bucket = { hits: 0, until: now() + windowMs, isBlocked: false };
        buckets.set(key, bucket);
      }
      if (!bucket.isBlocked) {
        bucket.hits++;
        // The block lasts as long as a window. It starts now, not at the start of the window.
        if (isEnforced && bucket.hits > limit)
          Object.assign(bucket, { isBlocked: true, until: now() + windowMs });
      }
      return {
        isBlocked: bucket.isBlocked,
        headers: {
          "X-RateLimit-Limit-Default": String(limit),
          "X-RateLimit-Remaining-Default": String(Math.max(0, limit - bucket.hits)),
          // Seconds left, not a point in time.
          "X-RateLimit-Reset-Default": String(Math.ceil((bucket.until - now()) / 1000)),
        },
      };
    },
    reset: () => buckets.clear(),
  };
}
