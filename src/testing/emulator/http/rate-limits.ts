/** How many requests Cal.com takes in a window, by who makes them. */
export interface EmulatorRateLimits {
  /** For each bearer token. Default 500. */
  bearer?: number;
  /** For each client that sends `x-cal-client-id`. Default 500. */
  client?: number;
  /** For each address, everything else: the public `save` and client calls without that header. Default 120. */
  ip?: number;
  /** Length of the window, and of the block that follows too many requests. Default 60 000 ms. */
  windowMs?: number;
}

export type TrackerKind = "bearer" | "client" | "ip" | "apiKey";

export interface Limiter {
  /** Counts a request. The headers go on the answer, whatever it is. */
  hit(kind: TrackerKind, who: string): { isBlocked: boolean; headers: Record<string, string> };
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

  return {
    hit(kind, who) {
      const limit = limits[kind];
      const key = `${kind} ${who}`;
      let bucket = buckets.get(key);
      if (!bucket || bucket.until <= now()) {
        bucket = { hits: 0, until: now() + windowMs, isBlocked: false };
        buckets.set(key, bucket);
      }
      if (!bucket.isBlocked) {
        bucket.hits++;
        // The block is as long as the window, and starts now: not when the window did.
        if (isEnforced && bucket.hits > limit)
          Object.assign(bucket, { isBlocked: true, until: now() + windowMs });
      }
      return {
        isBlocked: bucket.isBlocked,
        headers: {
          "X-RateLimit-Limit-Default": String(limit),
          "X-RateLimit-Remaining-Default": String(Math.max(0, limit - bucket.hits)),
          // Seconds left, not a time of day.
          "X-RateLimit-Reset-Default": String(Math.ceil((bucket.until - now()) / 1000)),
        },
      };
    },
    reset: () => buckets.clear(),
  };
}
