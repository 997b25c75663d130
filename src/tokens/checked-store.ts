import { CalStoreError, isCalError } from "../errors.js";
import { redactError } from "../lib/redact.js";
import type { TokenRecord, TokenStore, TokenWrite } from "./token-store.js";
import { within } from "../lib/deadline.js";

// Longer than a pool keeps anybody waiting for a connection, as a rule.
const MAX_CALL_MS = 30_000;

/** Text that all servers of the application share for a while: what the request handlers know of attempts. */
export interface AttemptStore {
  put(id: string, options: { data: string; ttlMs: number }): Promise<void>;
  get(id: string): Promise<string | null>;
  /** Returns the text and removes it: of several calls at once, one returns it. */
  take(id: string): Promise<string | null>;
}

/**
 * The application's store, as the rest of the package sees it: whatever a driver throws comes out as a
 * {@link CalStoreError} without secrets, and a record of the wrong shape is refused before it does harm.
 */
export class CheckedStore {
  readonly #store: TokenStore;
  /** Whether several processes can agree on who refreshes. */
  readonly hasLease: boolean;
  /** `null` if the store can't keep connection attempts. */
  readonly attempts: AttemptStore | null;

  constructor(store: TokenStore) {
    this.#store = store;
    this.hasLease = typeof store.acquireLease === "function";
    this.attempts = this.#attemptsOf(store);
  }

  async get(userId: string): Promise<TokenRecord | null> {
    const record = await this.#run("get", [], () => this.#store.get(userId));
    return record ? checked(record) : null;
  }

  async set(record: TokenWrite, options: { ifVersion: number | null }): Promise<TokenRecord | null> {
    const secrets = [record.calAccessToken, record.calRefreshToken ?? ""];
    const written = await this.#run("set", secrets, () => this.#store.set(record, options));
    return written ? checked(written) : null;
  }

  delete(userId: string): Promise<boolean> {
    return this.#run("delete", [], () => this.#store.delete(userId));
  }

  /** A store without leases is one process's own: there the lease is always free. */
  acquireLease(userId: string, options: { owner: string; ttlMs: number }): Promise<boolean> {
    return this.#run("lease", [], () => this.#store.acquireLease?.(userId, options) ?? Promise.resolve(true));
  }

  releaseLease(userId: string, options: { owner: string }): Promise<void> {
    return this.#run("release", [], () => this.#store.releaseLease?.(userId, options) ?? Promise.resolve());
  }

  #attemptsOf(store: TokenStore): AttemptStore | null {
    const methods = ["putAttempt", "getAttempt", "takeAttempt"] as const;
    if (!methods.every((name) => typeof store[name] === "function")) return null;
    const none = Promise.resolve(null);
    return {
      put: async (id, options) =>
        this.#run("putAttempt", [options.data], async () => store.putAttempt?.(id, options)),
      get: async (id) => this.#run("getAttempt", [], () => store.getAttempt?.(id) ?? none),
      take: async (id) => this.#run("takeAttempt", [], () => store.takeAttempt?.(id) ?? none),
    };
  }

  async #run<T>(method: string, secrets: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      // A call that never ends must not hold up everybody who waits for this user, nor renew a lease for ever.
      return await within(work(), { time: { ms: MAX_CALL_MS, message: `${method}() took too long.` } });
    } catch (error) {
      if (isCalError(error) && error.code !== "timeout") throw error;
      throw new CalStoreError(`The token store's ${method}() failed. Nothing was lost; try again.`, {
        cause: redactError(error, secrets),
      });
    }
  }
}

// What encryptedTokenStore() writes: a compact JWE without an encrypted key. No token of Cal.com's is one.
const sealed = /^eyJ[\w-]+\.\.[\w-]+\.[\w-]*\.[\w-]+$/;

function checked(record: TokenRecord): TokenRecord {
  // To Cal.com it would be a token that it refuses: the next refresh would put plain tokens in its place.
  if (sealed.test(record.calAccessToken) || sealed.test(record.calRefreshToken ?? "")) {
    throw new CalStoreError(
      "The stored tokens are sealed. Wrap the token store: encryptedTokenStore(store, { keys }).",
    );
  }
  const wrong = [
    (typeof record.calAccessToken !== "string" || record.calAccessToken === "") &&
      "calAccessToken must be a string that is not empty",
    record.calRefreshToken !== null &&
      typeof record.calRefreshToken !== "string" &&
      "calRefreshToken must be a string or null",
    !Number.isInteger(record.calUserId) && "calManagedUserId must be an integer",
    !Number.isInteger(record.version) && "version must be an integer",
    !isInstant(record.calAccessTokenExpiresAt) && "calAccessTokenExpiresAt must be a Date or null",
    !isInstant(record.calRefreshTokenExpiresAt) && "calRefreshTokenExpiresAt must be a Date or null",
  ].find((complaint) => complaint !== false);
  if (wrong) throw new CalStoreError(`The token store handed out a record it should not have: ${wrong}.`);
  return record;
}

function isInstant(value: unknown): boolean {
  return value === null || (isDate(value) && !Number.isNaN(value.getTime()));
}

// Also one of another context, as a store gets from a driver where Jest runs.
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === "[object Date]";
}
