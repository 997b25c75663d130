import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";

/** A store broke a rule of the contract. The message says which, and what the store did instead. */
export class TokenStoreContractError extends Error {
  override readonly name = "TokenStoreContractError";
}

/** What a case works with. */
export interface CaseContext {
  store: TokenStore;
  /** Lets the time pass that the store's leases go by. */
  advance: (ms: number) => Promise<void>;
  /** A user id that no other case and no other run uses. */
  userId: (name: string) => string;
}

/** A rule, in words, and what shows that a store keeps it. */
export interface Rule {
  name: string;
  check: (context: CaseContext) => Promise<void>;
}

/** Fails the case unless the condition holds. */
export function ensure(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new TokenStoreContractError(broken);
}

/** A user's tokens, all different from those of any other name. */
export function tokensOf(userId: string, name = "1", change: Partial<TokenWrite> = {}): TokenWrite {
  return {
    userId,
    calUserId: calUserIdOf(userId),
    calServer: "",
    details: null,
    calAccessToken: `access-${name}`,
    calAccessTokenExpiresAt: new Date(1_893_456_000_123),
    calRefreshToken: `refresh-${name}`,
    calRefreshTokenExpiresAt: new Date(1_924_992_000_456),
    ...change,
  };
}

/** A Cal.com user of its own for each application user: no two may share one. */
export function calUserIdOf(userId: string): number {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 2_147_483_629;
  return hash + 1;
}

/** Writes over whatever is there; fails the case if the store says that it lost. */
export async function write(store: TokenStore, record: TokenWrite): Promise<TokenRecord> {
  const current = await store.get(record.userId);
  const written = await store.set(record, { ifVersion: current?.version ?? null });
  ensure(written !== null, "set answered null (lost), though ifVersion was what get had just answered");
  return written;
}

const writtenFields = [
  "userId",
  "calUserId",
  "calServer",
  "details",
  "calAccessToken",
  "calAccessTokenExpiresAt",
  "calRefreshToken",
  "calRefreshTokenExpiresAt",
] as const satisfies readonly (keyof TokenWrite)[];

/** Fails the case unless the record holds exactly what was written. */
export function ensureHolds(record: TokenRecord | null, written: TokenWrite, source: string): void {
  ensure(record !== null, `${source} answered null instead of the record`);
  for (const field of writtenFields) {
    const [actual, expected] = [show(record[field]), show(written[field])];
    ensure(
      actual === expected,
      `${source} answered a ${field} of ${cut(actual)} instead of ${cut(expected)}`,
    );
  }
  for (const field of ["createdAt", "updatedAt"] as const) {
    ensure(isInstant(record[field]), `${source} answered a ${field} that is not a valid Date`);
  }
}

/** Fails the case unless both are the same record, version and instants included. */
export function ensureSame(actual: TokenRecord | null, expected: TokenRecord, source: string): void {
  ensureHolds(actual, expected, source);
  for (const field of ["version", "createdAt", "updatedAt"] as const) {
    const [is, should] = [show(actual?.[field]), show(expected[field])];
    ensure(is === should, `${source} answered a ${field} of ${is} instead of ${should}`);
  }
}

/** Waits for all, and only then fails with the first that failed: nothing keeps running behind a case. */
export async function together<Value>(count: number, start: (n: number) => Promise<Value>): Promise<Value[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, (_, n) => start(n)));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

// Also one of another context, as a store gets from a driver where Jest runs.
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === "[object Date]";
}

function isInstant(value: unknown): boolean {
  return isDate(value) && !Number.isNaN(value.getTime());
}

function show(value: unknown): string {
  if (isDate(value)) return isInstant(value) ? value.toISOString() : "an invalid Date";
  return typeof value === "string" ? JSON.stringify(value) : `${String(value)} (${typeof value})`;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}... (${text.length} characters)` : text;
}
