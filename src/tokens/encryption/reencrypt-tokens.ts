import { calUserIdIn } from "../../api/token-claims.js";
import { CalStoreError, CalValidationError, isCalError } from "../../errors.js";
import { assertObject } from "../../lib/assert.js";
import type { TokenRecord, TokenStore } from "../token-store.js";
import {
  assertUnencryptedStore,
  decryptRecord,
  encryptionsOf,
  encryptRecord,
} from "./encrypted-token-store.js";
import type { Secret } from "../../lib/secret-source.js";
import { keySource, type EncryptionKeys, type KeyRing } from "./keys.js";

/** Options of {@link reencryptTokens}. */
export interface ReencryptOptions {
  /** The keys of `encryptedTokenStore`: all rows are to be encrypted with the first one. */
  keys: Secret<EncryptionKeys>;
  /**
   * How many users are worked on at once.
   * @defaultValue 50
   */
  batchSize?: number | undefined;
  /** Continue after this user: `after` of an earlier run that was stopped. */
  after?: string | undefined;
  /** Stops the work after the current batch; the promise then resolves with `done: false`. */
  signal?: AbortSignal | undefined;
  /** Called after each batch. */
  onProgress?: ((progress: ReencryptProgress) => void) | undefined;
  /** Called for each user whose row was left as it is because of an error, with a `CalStoreError` that says why. */
  onFailure?: ((userId: string, error: Error) => void) | undefined;
}

/** How far {@link reencryptTokens} has come. */
export interface ReencryptProgress {
  /** Users that were looked at in this run. */
  checked: number;
  /** Users whose rows were encrypted again. */
  reencrypted: number;
  /** Users that were left as they are, since their tokens were being refreshed. Run it again for them. */
  busy: number;
  /** Users whose rows can't be decrypted with these keys, or can't be bound to their Cal.com user. */
  failed: number;
  /** The last user that was looked at: where to continue. */
  after: string | undefined;
  /** Whether all users were looked at. */
  done: boolean;
}

type Outcome = "kept" | "reencrypted" | "busy" | "failed";

// Longer than it takes to read and write one row.
const LEASE_TTL_MS = 30_000;

/**
 * Encrypts every row with the first key that is not, or not yet bound to its Cal.com user. For a store with `list`
 * (memory, Postgres and Prisma have it), while applications are running: it holds the user's refresh lease for a
 * moment, so it never writes an old token over a new one. It can be stopped, continued and run again.
 *
 * A row is bound to its Cal.com user only if its access token names that user: others may have been changed by hand.
 * They are counted as `failed`; if such a user is real, connect it again.
 *
 * @param store - The store itself, not the encrypted one around it.
 * @example
 * ```ts
 * const { busy, failed } = await reencryptTokens(postgresTokenStore({ client }), {
 *   keys: encryptionKeysFromEnv(),
 *   onProgress: ({ checked, reencrypted, after }) => console.info({ checked, reencrypted, after }),
 * });
 * // Both 0: keys other than the first can be removed.
 * ```
 */
export async function reencryptTokens(
  store: TokenStore,
  options: ReencryptOptions,
): Promise<ReencryptProgress> {
  assertObject("The options of reencryptTokens", options, "{ keys }");
  const { batchSize = 50, signal, onProgress, onFailure } = options;
  assertUnencryptedStore(store);
  if (!store.list) throw new CalValidationError("reencryptTokens needs a store with list().");
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new CalValidationError("batchSize must be a whole number of 1 or more.");
  const ring = await keySource(options.keys).get();

  const progress: ReencryptProgress = {
    checked: 0,
    reencrypted: 0,
    busy: 0,
    failed: 0,
    after: options.after,
    done: false,
  };
  while (!signal?.aborted) {
    const userIds = await store.list({ after: progress.after, limit: batchSize });
    if (userIds.length === 0) {
      progress.done = true;
      break;
    }
    const outcomes = await Promise.all(
      userIds.map((userId) => reencryptUser(store, userId, ring, onFailure)),
    );
    progress.checked += outcomes.length;
    for (const outcome of outcomes) if (outcome !== "kept") progress[outcome] += 1;
    progress.after = userIds.at(-1);
    onProgress?.({ ...progress });
  }
  return progress;
}

async function reencryptUser(
  store: TokenStore,
  userId: string,
  ring: KeyRing,
  onFailure: ReencryptOptions["onFailure"],
): Promise<Outcome> {
  const found = await store.get(userId);
  if (found === null || isCurrent(found, ring)) return "kept";
  const owner = `reencrypt/${crypto.randomUUID()}`;
  if (store.acquireLease && !(await store.acquireLease(userId, { owner, ttlMs: LEASE_TTL_MS })))
    return "busy";
  try {
    // Again under the lease: a refresh may have written meanwhile.
    const current = await store.get(userId);
    if (current === null || isCurrent(current, ring)) return "kept";
    const decrypted = await tryToDecrypt(current, ring);
    if (decrypted instanceof Error) {
      onFailure?.(userId, decrypted);
      return "failed";
    }
    const written = await store.set(await encryptRecord(decrypted, ring), { ifVersion: current.version });
    return written === null ? "busy" : "reencrypted";
  } finally {
    await store.releaseLease?.(userId, { owner });
  }
}

/** The decrypted record, or why it can't be encrypted again. */
async function tryToDecrypt(record: TokenRecord, ring: KeyRing): Promise<TokenRecord | Error> {
  try {
    const decrypted = await decryptRecord(record, ring);
    const isBound = encryptionsOf(record).every((encryption) => encryption?.isBound);
    if (isBound || calUserIdIn(decrypted.calAccessToken) === record.calUserId) return decrypted;
    return new CalStoreError(
      `The user's access token does not name the Cal.com user ${String(record.calUserId)} of the row, so the row can't be bound to it.`,
    );
  } catch (error) {
    // A key that is missing or wrong, or a value that was moved: it concerns this user only, so the others go on.
    if (isCalError(error)) return error;
    throw error;
  }
}

function isCurrent(record: TokenRecord, { first }: KeyRing): boolean {
  return encryptionsOf(record).every((encryption) => encryption?.isBound && encryption.keyId === first.id);
}
