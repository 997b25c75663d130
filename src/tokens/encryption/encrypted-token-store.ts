import { CalStoreError, CalValidationError } from "../../errors.js";
import { keyRing, type EncryptionKeys, type KeyRing } from "./keys.js";
import { decryptToken, encryptToken, encryptionKeyIdOf } from "./token-jwe.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../token-store.js";

/** Options of {@link encryptedTokenStore}. */
export interface EncryptedTokenStoreOptions {
  /** Keys by their ids: the first seals, all open. See `encryptionKeysFromEnv`. */
  keys: EncryptionKeys;
  /**
   * Whether tokens that were stored before encryption was turned on are read; they are sealed at their next
   * write. `false` once `reencryptTokens` is through: whoever can write to the table can then no longer slip in
   * a token of their own. Default: `true`.
   */
  allowUnencrypted?: boolean;
}

const encryptedStores = new WeakSet<TokenStore>();

/**
 * Seals both tokens on their way into a store and opens them on their way out: as a JWE (A256GCM) with the
 * user's id and the column bound in, so that a sealed token which was moved to another row, or to the other
 * column, does not open. Works over every store; the rest of the record stays readable.
 *
 * Rejects with `CalStoreError` for a token that can't be opened; it names the key's id. Keys that can't be
 * right are a `CalValidationError` at once.
 *
 * @example
 * ```ts
 * const tokenStore = encryptedTokenStore(postgresTokenStore({ client }), { keys: encryptionKeysFromEnv() });
 * ```
 */
export function encryptedTokenStore(store: TokenStore, options: EncryptedTokenStoreOptions): TokenStore {
  assertUnencryptedStore(store);
  const ring = keyRing(options.keys);
  const { allowUnencrypted = true } = options;

  const encrypted: TokenStore = {
    async get(userId) {
      const record = await store.get(userId);
      if (record === null) return null;
      if (!allowUnencrypted) assertEncrypted(record);
      return decryptRecord(record, ring);
    },

    async set(record, setOptions) {
      const written = await store.set(await encryptRecord(record, ring), setOptions);
      if (written === null) return null;
      const { calAccessToken, calRefreshToken } = record;
      return { ...written, calAccessToken, calRefreshToken };
    },

    delete: (userId) => store.delete(userId),
  };
  if (store.acquireLease) encrypted.acquireLease = store.acquireLease.bind(store);
  if (store.releaseLease) encrypted.releaseLease = store.releaseLease.bind(store);
  // Attempts are encrypted by the request handlers, with a key of their own.
  if (store.putAttempt) encrypted.putAttempt = store.putAttempt.bind(store);
  if (store.getAttempt) encrypted.getAttempt = store.getAttempt.bind(store);
  if (store.takeAttempt) encrypted.takeAttempt = store.takeAttempt.bind(store);
  if (store.list) encrypted.list = store.list.bind(store);
  encryptedStores.add(encrypted);
  return encrypted;
}

/** Refuses to seal what is sealed already: it would come out sealed. */
export function assertUnencryptedStore(store: TokenStore): void {
  if (encryptedStores.has(store)) {
    throw new CalValidationError("The store encrypts already. Pass the store that it was made from.");
  }
}

/** The record with both tokens opened. */
export async function decryptRecord(record: TokenRecord, ring: KeyRing): Promise<TokenRecord> {
  const { userId } = record;
  const [calAccessToken, calRefreshToken] = await Promise.all([
    decryptToken(record.calAccessToken, { userId, column: "access" }, ring),
    record.calRefreshToken === null
      ? null
      : decryptToken(record.calRefreshToken, { userId, column: "refresh" }, ring),
  ]);
  return { ...record, calAccessToken, calRefreshToken };
}

/** The record with both tokens sealed by the first key. */
export async function encryptRecord<R extends TokenWrite>(record: R, ring: KeyRing): Promise<R> {
  const { userId } = record;
  const [calAccessToken, calRefreshToken] = await Promise.all([
    encryptToken(record.calAccessToken, { userId, column: "access" }, ring),
    record.calRefreshToken === null
      ? null
      : encryptToken(record.calRefreshToken, { userId, column: "refresh" }, ring),
  ]);
  return { ...record, calAccessToken, calRefreshToken };
}

/** The ids of the keys that a stored record's tokens are sealed with; `null` for a plain one. */
export function keysOf({ calAccessToken, calRefreshToken }: TokenRecord): (string | null)[] {
  return [calAccessToken, calRefreshToken].flatMap((token) =>
    token === null ? [] : [encryptionKeyIdOf(token)],
  );
}

function assertEncrypted(record: TokenRecord): void {
  if (keysOf(record).includes(null)) {
    throw new CalStoreError(
      "A token of the user is not sealed, and allowUnencrypted is false. Run reencryptTokens first.",
    );
  }
}
