import { detailsOf } from "./details.js";
import { accessTokenExpiry } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

/** What a caller requires of a token. */
export interface TokenRequirement {
  /**
   * Life that it must have left, in milliseconds. Without it, a token that still works is used when no better one can
   * be had.
   * @defaultValue `refreshWindowMs`
   */
  minTtlMs?: number | undefined;
  /** Access tokens that Cal.com has refused: any other one will do. */
  rejected?: ReadonlySet<string> | undefined;
  /** How long the caller waits, in milliseconds; the refresh goes on without it. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** What a token must be, for any caller. */
export type Requirement = Pick<TokenRequirement, "minTtlMs" | "rejected">;

const MAX_OAUTH_TTL_MS = 25 * 60_000;

/** Whether the record's access token meets the requirement. */
export function meets(
  record: TokenRecord,
  { minTtlMs, rejected }: Requirement,
  refreshWindowMs: number,
  now: number,
): boolean {
  if (rejected?.has(record.calAccessToken)) return false;
  const ttlMs = minTtlMs ?? refreshWindowMs;
  const expiresAt = accessTokenExpiry(record);
  // Not known: used until Cal.com refuses it, but not where a certain life is required.
  if (!expiresAt) return ttlMs <= refreshWindowMs;
  // An OAuth 2 token lives for 30 minutes: to require all of it would mean a refresh at every call.
  const maxTtlMs = detailsOf(record).grant === "oauth" ? MAX_OAUTH_TTL_MS : Number.POSITIVE_INFINITY;
  return expiresAt.getTime() - now > Math.min(ttlMs, maxTtlMs);
}
