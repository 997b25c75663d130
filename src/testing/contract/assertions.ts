import { isCalError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";

/** A store broke a rule of the contract. The message says which, and what the store did instead. */
export class TokenStoreContractError extends Error {
  override readonly name = "TokenStoreContractError";
}

/** What a case works with. */
export interface CaseContext {
  store: TokenStore;
  /** Lets time pass on the clock by which leases and attempts expire. */
  advance: (ms: number) => Promise<void>;
  /** A user id that no other case and no other run uses. */
  userId: (name: string) => string;
  /** A Cal.com server that no other case and no other run uses, so that a case can choose ids of Cal.com users. */
  calServer: string;
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
    calAccessToken: `access-${name}`,
    calAccessTokenExpiresAt: new Date(1_893_456_000_123),
    calRefreshToken: `refresh-${name}`,
    calRefreshTokenExpiresAt: new Date(1_924_992_000_456),
    details: `{"name":${JSON.stringify(name)}}`,
    ...change,
  };
}

/** The number that {@link tokensOf} was given as a name: cases count with it. */
export function countOf(record: TokenRecord | null): number {
  return Number(record?.calAccessToken.slice("access-".length));
}

/** A Cal.com user of its own for each application user: no two may have the same. */
function calUserIdOf(userId: string): number {
  let hash = 0;
  for (const character of userId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 2_147_483_629;
  return hash + 1;
}

/** Writes over the current record, if there is one; fails the case if the store says that the condition failed. */
export async function write(store: TokenStore, record: TokenWrite): Promise<TokenRecord> {
  const current = await store.get(record.userId);
  const work = store.set(record, { ifVersion: current?.version ?? null });
  ensure(
    !(await isInUse(work)),
    `set rejected with CalUserInUseError for the user id ${show(record.userId)}, though no other user has the Cal.com user ${record.calUserId} of the server ${show(record.calServer)}`,
  );
  const written = await work;
  ensure(
    written !== null,
    `set returned null for the user id ${show(record.userId)}, though ifVersion was what get had just returned`,
  );
  return written;
}

const writtenFields = [
  "userId",
  "calUserId",
  "calServer",
  "calAccessToken",
  "calAccessTokenExpiresAt",
  "calRefreshToken",
  "calRefreshTokenExpiresAt",
  "details",
] as const satisfies readonly (keyof TokenWrite)[];

/** Fails the case unless the record contains exactly what was written. */
export function ensureHolds(record: TokenRecord | null, written: TokenWrite, source: string): void {
  ensure(record !== null, `${source} returned null instead of the record of ${show(written.userId)}`);
  for (const field of writtenFields) {
    const isSame = Object.is(comparable(record[field]), comparable(written[field]));
    ensure(
      isSame,
      `${source} returned ${field} ${show(record[field])} instead of ${show(written[field])} for the user id ${show(written.userId)}`,
    );
  }
  for (const field of ["createdAt", "updatedAt"] as const) {
    ensure(isInstant(record[field]), `${source} returned a ${field} that is not a valid Date`);
  }
}

/** Fails the case unless both are the same record, version and instants included. */
export function ensureSame(actual: TokenRecord | null, expected: TokenRecord, source: string): void {
  ensureHolds(actual, expected, source);
  for (const field of ["version", "createdAt", "updatedAt"] as const) {
    const [is, should] = [show(actual?.[field]), show(expected[field])];
    ensure(is === should, `${source} returned ${field} ${is} instead of ${should}`);
  }
}

/** Fails the case unless the work rejects because another user has the Cal.com user. */
export async function ensureInUse(work: Promise<unknown>, what: string): Promise<void> {
  ensure(await isInUse(work), `${what} did not reject with CalUserInUseError`);
}

/** Whether the work rejects with `CalUserInUseError`. Any other error fails the case. */
export async function isInUse(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (isCalError(error) && error.code === "cal_user_in_use") return true;
    throw error;
  }
}

/** Waits for all, and only then fails with the first that failed: nothing runs on after a case. */
export async function together<Value>(count: number, start: (n: number) => Promise<Value>): Promise<Value[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, (_, n) => start(n)));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

// Also a Date of another context, as a store gets from a driver in Jest.
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === "[object Date]";
}

function isInstant(value: unknown): boolean {
  return isDate(value) && !Number.isNaN(value.getTime());
}

function comparable(value: unknown): unknown {
  return isDate(value) ? show(value) : value;
}

/** A value for a message: with its type if it could be taken for another, and with its size if it is long. */
export function show(value: unknown): string {
  if (isDate(value)) return isInstant(value) ? value.toISOString() : "an invalid Date";
  if (typeof value === "bigint") return `${value} (bigint)`;
  if (value === null || typeof value === "object") return JSON.stringify(value);
  if (typeof value !== "string") return `${JSON.stringify(value)} (${typeof value})`;
  if (value.length <= 80) return JSON.stringify(value);
  const bytes = new TextEncoder().encode(value).length;
  return `${JSON.stringify(value.slice(0, 40))}... (${value.length} characters, ${bytes} bytes)`;
}
