import { CalValidationError, isCalError } from "../../errors.js";
import { keyRing, type EncryptionKeys, type KeyRing } from "./keys.js";
import { keysOf, openRecord, refuseEncrypted, sealRecord } from "./encrypted-token-store.js";
import type { TokenRecord, TokenStore } from "../token-store.js";

/** Options of {@link resealTokens}. */
export interface ResealOptions {
  /** The keys of `encryptedTokenStore`: the first is the one that all tokens are to be sealed with. */
  keys: EncryptionKeys;
  /** How many users are worked on at once. Default: 50. */
  batchSize?: number;
  /** Go on behind this user: `after` of an earlier run that was stopped. */
  after?: string | undefined;
  /** Stops the work behind the batch that is under way; the promise then resolves with `done: false`. */
  signal?: AbortSignal | undefined;
  /** Called after each batch. */
  onProgress?: (progress: ResealProgress) => void;
  /** Called for each user whose tokens can't be opened, with a `CalStoreError` that names the key. */
  onFailure?: (userId: string, error: Error) => void;
}

/** How far {@link resealTokens} has come. */
export interface ResealProgress {
  /** Users that were looked at, in this run. */
  checked: number;
  /** Users whose tokens were sealed anew. */
  resealed: number;
  /** Users who were left as they are, since their tokens were just being refreshed. Run it again for them. */
  busy: number;
  /** Users whose tokens can't be opened with these keys. */
  failed: number;
  /** The last user that was looked at: where to go on. */
  after: string | undefined;
  /** Whether all users were looked at. */
  done: boolean;
}

type Outcome = "kept" | "resealed" | "busy" | "failed";

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
 * const { busy, failed } = await resealTokens(postgresTokenStore({ client }), {
 *   keys: encryptionKeysFromEnv(),
 *   onProgress: ({ checked, resealed, after }) => console.info({ checked, resealed, after }),
 * });
 * // Both 0: keys other than the first can be removed.
 * ```
 */
export async function resealTokens(store: TokenStore, options: ResealOptions): Promise<ResealProgress> {
  const { batchSize = 50, signal, onProgress, onFailure } = options;
  refuseEncrypted(store);
  if (!store.list) throw new CalValidationError("resealTokens needs a store with list().");
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new CalValidationError("batchSize must be at least 1.");
  const ring = keyRing(options.keys);

  const progress: ResealProgress = {
    checked: 0,
    resealed: 0,
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
    const outcomes = await Promise.all(userIds.map((userId) => resealUser(store, userId, ring, onFailure)));
    progress.checked += outcomes.length;
    for (const outcome of outcomes) if (outcome !== "kept") progress[outcome] += 1;
    progress.after = userIds.at(-1);
    onProgress?.({ ...progress });
  }
  return progress;
}

async function resealUser(
  store: TokenStore,
  userId: string,
  ring: KeyRing,
  onFailure: ResealOptions["onFailure"],
): Promise<Outcome> {
  const found = await store.get(userId);
  if (found === null || isSealed(found, ring)) return "kept";
  const owner = `reseal/${crypto.randomUUID()}`;
  if (store.lease && !(await store.lease(userId, { owner, ttlMs: LEASE_MS }))) return "busy";
  try {
    // Under the lease once more: a refresh may have written meanwhile.
    const current = await store.get(userId);
    if (current === null || isSealed(current, ring)) return "kept";
    const opened = await tryToOpen(current, ring);
    if (opened instanceof Error) {
      onFailure?.(userId, opened);
      return "failed";
    }
    const written = await store.set(await sealRecord(opened, ring), { ifVersion: current.version });
    return written === null ? "busy" : "resealed";
  } finally {
    await store.release?.(userId, { owner });
  }
}

async function tryToOpen(record: TokenRecord, ring: KeyRing): Promise<TokenRecord | Error> {
  try {
    return await openRecord(record, ring);
  } catch (error) {
    // A key that is missing or wrong, or a token that was moved: this user's, so the others go on.
    if (isCalError(error)) return error;
    throw error;
  }
}

function isSealed(record: TokenRecord, { first }: KeyRing): boolean {
  return keysOf(record).every((kid) => kid === first.id);
}
