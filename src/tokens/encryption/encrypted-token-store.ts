import { CalStoreError, CalValidationError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../token-store.js";
import { assertNames, assertObject } from "../../lib/assert.js";
import type { Secret } from "../../lib/secret-source.js";
import { keySource, type EncryptionKeys, type KeyRing } from "./keys.js";
import { decryptValue, encryptionOf, encryptValue, type Encryption, type Place } from "./token-jwe.js";

/** Options of {@link encryptedTokenStore}. */
export interface EncryptedTokenStoreOptions {
  /**
   * Keys by their ids: the first one encrypts, all of them decrypt. See `encryptionKeysFromEnv`. As a function they come
   * from a secret manager: it is called again after a minute, and for a row whose key is not among them.
   */
  keys: Secret<EncryptionKeys>;
  /**
   * Whether rows from before encryption was turned on are read; they are encrypted at their next write. Set it to
   * `false` once `reencryptTokens` has finished: then a row that was inserted or changed by hand is refused, whatever
   * it holds.
   * @defaultValue `true`
   */
  allowUnencrypted?: boolean | undefined;
}

// Marks the store itself, so that it is recognized by every copy of this module (ES module and CommonJS).
const brand = Symbol.for("calbridge.encryptedTokenStore");

/**
 * Encrypts both tokens and the details on their way into a store, and decrypts them on their way out: each is a JWE
 * (A256GCM) that authenticates the user's id, the column, the Cal.com server and the Cal.com user. So a value that was
 * moved to another row or column, and a row whose Cal.com user was changed, are refused. Works over every store; the
 * rest of the record stays readable.
 *
 * An older value of the same user can't be detected when it is put back: Cal.com has ended it, or its next refresh
 * does.
 *
 * Rejects with `CalStoreError` for a value that can't be decrypted; the message names the key's id.
 *
 * @throws `CalValidationError` at once for keys that are invalid. Keys of a function: `CalSecretError` when they are needed.
 * @example
 * ```ts
 * const tokenStore = encryptedTokenStore(postgresTokenStore({ client }), { keys: encryptionKeysFromEnv() });
 * ```
 */
export function encryptedTokenStore(store: TokenStore, options: EncryptedTokenStoreOptions): TokenStore {
  const example = "encryptedTokenStore(store, { keys: encryptionKeysFromEnv() })";
  assertObject("The store", store, `a token store: ${example}`);
  assertUnencryptedStore(store);
  assertObject("The options of encryptedTokenStore", options, `{ keys }: ${example}`);
  assertNames(options, ["keys", "allowUnencrypted"]);
  const keys = keySource(options.keys);
  const { allowUnencrypted = true } = options;

  /** The keys for this record. */
  const ringFor = async (record: TokenRecord): Promise<KeyRing> => {
    const ring = await keys.get();
    const isMissing = keysOf(record).some((id) => id !== null && !ring.keys.has(id));
    // Another server may have encrypted the row with a newer key.
    return isMissing && (await keys.renew(ring)) ? keys.get() : ring;
  };

  /** What the store has written, with the values that were given to it. */
  const withValues = (written: TokenRecord | null, record: TokenWrite): TokenRecord | null => {
    const { calAccessToken, calRefreshToken, details } = record;
    return written && { ...written, calAccessToken, calRefreshToken, details };
  };

  const encrypted: TokenStore = {
    async get(userId) {
      const record = await store.get(userId);
      if (record === null) return null;
      if (!allowUnencrypted) assertBound(record);
      return decryptRecord(record, await ringFor(record));
    },
    async set(record, setOptions) {
      return withValues(await store.set(await encryptRecord(record, await keys.get()), setOptions), record);
    },
    delete: (userId) => store.delete(userId),
    // A store has the optional capabilities of the one that it wraps, and no others.
    ...(store.acquireLease && { acquireLease: store.acquireLease.bind(store) }),
    ...(store.releaseLease && { releaseLease: store.releaseLease.bind(store) }),
    ...(store.putAttempt && { putAttempt: store.putAttempt.bind(store) }),
    ...(store.getAttempt && { getAttempt: store.getAttempt.bind(store) }),
    ...(store.takeAttempt && { takeAttempt: store.takeAttempt.bind(store) }),
    ...(store.list && { list: store.list.bind(store) }),
    ...(store.findUser && { findUser: store.findUser.bind(store) }),
    ...(store.reassign && {
      reassign: async (record, reassignOptions) =>
        withValues(
          (await store.reassign?.(await encryptRecord(record, await keys.get()), reassignOptions)) ?? null,
          record,
        ),
    }),
  };
  Object.defineProperty(encrypted, brand, { value: true });
  return encrypted;
}

/** Refuses to encrypt twice: reading would then return encrypted values. */
export function assertUnencryptedStore(store: TokenStore): void {
  if (brand in store) {
    throw new CalValidationError("This store is encrypted already. Pass the store that it was created from.");
  }
}

/** The record with its values decrypted. */
export function decryptRecord(record: TokenRecord, ring: KeyRing): Promise<TokenRecord> {
  return mapValues(record, (value, place) => decryptValue(value, place, ring));
}

/** The record with its values encrypted with the first key. */
export function encryptRecord<R extends TokenWrite>(record: R, ring: KeyRing): Promise<R> {
  return mapValues(record, (value, place) => encryptValue(value, place, ring));
}

async function mapValues<R extends TokenWrite>(
  record: R,
  map: (value: string, place: Place) => Promise<string>,
): Promise<R> {
  const { userId, calServer, calUserId } = record;
  const mapped = (column: Place["column"], value: string | null) =>
    value === null ? null : map(value, { column, userId, calServer, calUserId });
  const [calAccessToken, calRefreshToken, details] = await Promise.all([
    map(record.calAccessToken, { column: "access", userId, calServer, calUserId }),
    mapped("refresh", record.calRefreshToken),
    mapped("details", record.details),
  ]);
  return { ...record, calAccessToken, calRefreshToken, details };
}

/** How each value of a stored record is encrypted; `null` for an unencrypted one. */
export function encryptionsOf({
  calAccessToken,
  calRefreshToken,
  details,
}: TokenWrite): (Encryption | null)[] {
  return [calAccessToken, calRefreshToken, details].flatMap((value) =>
    value === null ? [] : [encryptionOf(value)],
  );
}

/** The ids of the keys that a stored record's values are encrypted with; `null` for an unencrypted value. */
export function keysOf(record: TokenWrite): (string | null)[] {
  return encryptionsOf(record).map((encryption) => encryption && encryption.keyId);
}

function assertBound(record: TokenRecord): void {
  if (encryptionsOf(record).every((encryption) => encryption?.isBound)) return;
  throw new CalStoreError(
    "The user's row is not encrypted, or not bound to its Cal.com user, and allowUnencrypted is false. Run reencryptTokens first.",
  );
}
