import { CalValidationError, isCalError } from "../../errors.js";
import { keyRing, type EncryptionKeys, type KeyRing } from "./keys.js";
import { keysOf, decryptRecord, assertUnencryptedStore, encryptRecord } from "./encrypted-token-store.js";
import type { TokenRecord, TokenStore } from "../token-store.js";

/** Options of {@link reencryptTokens}. */
export interface ReencryptOptions {
  /** The keys of `encryptedTokenStore`: the first is the one that all tokens are to be sealed with. */
  keys: EncryptionKeys;
  /** How many users are worked on at once. Default: 50. */
  batchSize?: number;
  /** Go on behind this user: `after` of an earlier run that was stopped. */
  after?: string | undefined;
  /** Stops the work behind the batch that is under way; the promise then resolves with `done: false`. */
  signal?: AbortSignal | undefined;
  /** Called after each batch. */
  onProgress?: (progress: ReencryptProgress) => void;
  /** Called for each user whose tokens can't be opened, with a `CalStoreError` that names the key. */
  onFailure?: (userId: string, error: Error) => void;
}

/** How far {@link reencryptTokens} has come. */
export interface ReencryptProgress {
  /** Users that were looked at, in this run. */
  checked: number;
  /** Users whose tokens were sealed anew. */
  reencrypted: number;
  /** Users who were left as they are, since their tokens were just being refreshed. Run it again for them. */
  busy: number;
  /** Users whose tokens can't be opened with these keys. */
  failed: number;
  /** The last user that was looked at: where to go on. */
  after: string | undefined;
  /** Whether all users were looked at. */
  done: boolean;
}

type Outcome = "kept" | "reencrypted" | "busy" | "failed";

// Longer than it takes to read and write one row.
const LEASE_MS = 30_000;

/**
 * Seals every token that is plain, or sealed with an older key, with the first key. For a store with `list`
 * (memory, Postgres and Prisma have it), while applications are running: it holds the user's refresh lease
 * for a moment, so it never writes an old token over a new one. It can be stopped, resumed and repeated.
 *
 * @param store The store itself, not the encrypted one around it.
 *
 * @example
 * ```ts
 * const { busy, failed } = await reencryptTokens(postgresTokenStore({ client }), {
 *   keys: encryptionKeysFromEnv(),
 *   onProgress: ({ checked, resealed, after }) => console.info({ checked, resealed, after }),
 * });
 * // Both 0: keys other than the first can be removed.
 * ```
 */
export async function reencryptTokens(
  store: TokenStore,
  options: ReencryptOptions,
): Promise<ReencryptProgress> {
  const { batchSize = 50, signal, onProgress, onFailure } = options;
  assertUnencryptedStore(store);
  if (!store.list) throw new CalValidationError("reencryptTokens needs a store with list().");
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new CalValidationError("batchSize must be at least 1.");
  const ring = keyRing(options.keys);

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
  if (found === null || isEncrypted(found, ring)) return "kept";
  const owner = `reseal/${crypto.randomUUID()}`;
  if (store.acquireLease && !(await store.acquireLease(userId, { owner, ttlMs: LEASE_MS }))) return "busy";
  try {
    // Under the lease once more: a refresh may have written meanwhile.
    const current = await store.get(userId);
    if (current === null || isEncrypted(current, ring)) return "kept";
    const opened = await tryToDecrypt(current, ring);
    if (opened instanceof Error) {
      onFailure?.(userId, opened);
      return "failed";
    }
    const written = await store.set(await encryptRecord(opened, ring), { ifVersion: current.version });
    return written === null ? "busy" : "reencrypted";
  } finally {
    await store.releaseLease?.(userId, { owner });
  }
}

async function tryToDecrypt(record: TokenRecord, ring: KeyRing): Promise<TokenRecord | Error> {
  try {
    return await decryptRecord(record, ring);
  } catch (error) {
    // A key that is missing or wrong, or a token that was moved: this user's, so the others go on.
    if (isCalError(error)) return error;
    throw error;
  }
}

function isEncrypted(record: TokenRecord, { first }: KeyRing): boolean {
  return keysOf(record).every((kid) => kid === first.id);
}
