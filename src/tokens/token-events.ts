import type { CalErrorCode } from "../errors.js";
import { callSafely } from "../lib/call-safely.js";
import { sha256, toHex } from "../lib/digest.js";
import type { TokenRecord } from "./token-store.js";

/**
 * How a user's need for a token was met: `refreshed`, this client refreshed; `joined`, it waited for a refresh
 * of its own process; `refreshed_elsewhere`, another process had refreshed already; `recovered`, the refresh token was
 * lost and Cal.com issued a new pair; `failed`, no token could be had.
 */
export type TokenRefreshOutcome = "refreshed" | "joined" | "refreshed_elsewhere" | "recovered" | "failed";

/** What `hooks.onTokenRefresh` receives. Holds no token. */
export interface TokenRefreshInfo {
  userId: string;
  outcome: TokenRefreshOutcome;
  /** Start of the access token's SHA-256, to tell tokens apart. Absent if there is none. */
  fingerprint?: string;
  /** From the need to its end, in milliseconds. */
  durationMs: number;
  /** Why it failed. */
  error?: CalErrorCode;
}

/** Reports an outcome. Of the record, if there is one, it reports the fingerprint only. Never rejects. */
export type ReportTokenRefresh = (
  info: Omit<TokenRefreshInfo, "fingerprint">,
  record?: TokenRecord,
) => Promise<void>;

/** Calls the hook. What the hook throws goes to `onThrow`: it must not end the refresh. */
export function reportTokenRefresh(
  hook: ((info: TokenRefreshInfo) => unknown) | undefined,
  onThrow: () => void,
): ReportTokenRefresh {
  return async (info, record) => {
    if (!hook) return;
    const fingerprint = record && (await fingerprintOf(record.calAccessToken));
    callSafely(() => hook({ ...info, ...(fingerprint !== undefined && { fingerprint }) }), onThrow);
  };
}

async function fingerprintOf(token: string): Promise<string> {
  return toHex((await sha256(token)).subarray(0, 6));
}
