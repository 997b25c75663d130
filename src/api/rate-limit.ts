import type { CalRateLimit } from "../errors.js";

// Of 500 requests, 50 are kept for calls that a user waits for.
const RESERVED_SHARE = 0.1;

/** What a response says of the caller's rate limit; `undefined` if it does not, as a proxy's own responses. */
export function rateLimitOf(headers: Headers): CalRateLimit | undefined {
  const [limit, remaining, seconds] = ["limit", "remaining", "reset"].map((name) =>
    Number.parseInt(headers.get(`x-ratelimit-${name}-default`) ?? "", 10),
  ) as [number, number, number];
  // Cal.com sends all three. The reset is the time that is left, not an instant.
  if (!(limit >= 0 && remaining >= 0 && seconds >= 0)) return undefined;
  return { limit, remaining, resetAfterMs: seconds * 1000 };
}

/**
 * How many requests are left to each client, as its last response says. All processes of the application share them,
 * and so do all its users. The limit of one user's token is not kept: background work sends few requests for a user.
 */
export class RateLimits {
  readonly #now: () => number;
  /** By client id. */
  readonly #lowUntil = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  update(clientId: string, { limit, remaining, resetAfterMs }: CalRateLimit): void {
    if (remaining < limit * RESERVED_SHARE) this.#lowUntil.set(clientId, this.#now() + resetAfterMs);
    else this.#lowUntil.delete(clientId);
  }

  /** How long background work of this client should wait, in milliseconds. 0: enough requests are left. */
  waitMs(clientId: string): number {
    return Math.max(0, (this.#lowUntil.get(clientId) ?? 0) - this.#now());
  }
}
