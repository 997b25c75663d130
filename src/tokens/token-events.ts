import type { CalErrorCode } from "../errors.js";
import type { TokenRecord } from "./token-store.js";

/**
 * How a user's need for a token was met: `led`, this client refreshed; `joined`, it waited for a refresh
 * of its own process; `adopted`, another process had refreshed already; `healed`, the refresh token was
 * lost and Cal.com issued a new pair; `failed`, no token could be had.
 */
export type TokenOutcome = "led" | "joined" | "adopted" | "healed" | "failed";

/** What `hooks.onTokens` is told. Holds no token. */
export interface TokensInfo {
  userId: string;
  outcome: TokenOutcome;
  /** Start of the access token's SHA-256, to tell tokens apart. Absent if there is none. */
  fingerprint?: string;
  /** From the need to its end, in milliseconds. */
  durationMs: number;
  /** Why it failed. */
  error?: CalErrorCode;
}

/** Tells of an outcome; the record, if there is one, is told by its fingerprint alone. Never rejects. */
export type TellTokens = (info: Omit<TokensInfo, "fingerprint">, record?: TokenRecord) => Promise<void>;

/** Tells the hook. What the hook throws is the application's own trouble: `onThrow` hears of it. */
export function tellTokens(
  hook: ((info: TokensInfo) => unknown) | undefined,
  onThrow: () => void,
): TellTokens {
  return async (info, record) => {
    if (!hook) return;
    try {
      const fingerprint = record && (await fingerprintOf(record.calAccessToken));
      // An async function passes for one that answers nothing; its rejection would end the process.
      const told = hook({ ...info, ...(fingerprint !== undefined && { fingerprint }) });
      if (told instanceof Promise) told.catch(onThrow);
    } catch {
      onThrow();
    }
  };
}

async function fingerprintOf(token: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return Array.from(new Uint8Array(hash, 0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
