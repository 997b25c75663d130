import { calUserIdIn } from "../api/token-claims.js";
import { CalStoreError } from "../errors.js";
import { callStore } from "../lib/store-call.js";
import { traced, type Telemetry } from "../lib/telemetry.js";
import { detailsOf } from "./details.js";
import type { TokenRecord, TokenStore, TokenWrite } from "./token-store.js";

/** What callers write: the server is always the client's own. */
export type CheckedWrite = Omit<TokenWrite, "calServer">;

/** Text that all servers of the application share for a while: what the request handlers know of attempts. */
export interface AttemptStore {
  put(id: string, options: { data: string; ttlMs: number }): Promise<void>;
  get(id: string): Promise<string | null>;
  /** Returns the text and removes it: of several calls at once, one returns it. */
  take(id: string): Promise<string | null>;
  /** For records that are changed. */
  acquireLease(key: string, options: { owner: string; ttlMs: number }): Promise<boolean>;
  releaseLease(key: string, options: { owner: string }): Promise<void>;
}

/**
 * The application's store, as the rest of the package sees it. Whatever a driver throws is rejected as a
 * {@link CalStoreError} without secrets, and a record that is not the requested one is refused before it is used.
 */
export class CheckedStore {
  readonly #store: TokenStore;
  readonly #calServer: string;
  readonly #telemetry: Telemetry | undefined;
  /** Whether several processes can agree on which of them refreshes. */
  readonly hasLease: boolean;
  /** `null` if the store can't keep connection attempts. */
  readonly attempts: AttemptStore | null;
  /** Whether a record can be moved to another application user. */
  readonly canReassign: boolean;

  constructor(store: TokenStore, calServer = "", telemetry?: Telemetry) {
    this.#store = store;
    this.#calServer = calServer;
    this.#telemetry = telemetry;
    const has = (method: keyof TokenStore): boolean => typeof store[method] === "function";
    this.hasLease = has("acquireLease");
    this.attempts = this.#attemptsOf(store);
    this.canReassign = has("reassign");
  }

  async get(userId: string): Promise<TokenRecord | null> {
    const record = await this.#run("get", [], () => this.#store.get(userId));
    return record ? this.#checked(record, userId) : null;
  }

  async set(write: CheckedWrite, options: { ifVersion: number | null }): Promise<TokenRecord | null> {
    assertOwnToken(write);
    const record = { ...write, calServer: this.#calServer };
    const written = await this.#run("set", secretsOf(write), () => this.#store.set(record, options));
    return written ? this.#checked(written, write.userId) : null;
  }

  delete(userId: string): Promise<boolean> {
    return this.#run("delete", [], () => this.#store.delete(userId));
  }

  /** Without leases a store belongs to one process: there the lease is always free. */
  acquireLease(userId: string, options: { owner: string; ttlMs: number }): Promise<boolean> {
    return this.#run(
      "acquireLease",
      [],
      () => this.#store.acquireLease?.(userId, options) ?? Promise.resolve(true),
    );
  }

  releaseLease(userId: string, options: { owner: string }): Promise<void> {
    return this.#run(
      "releaseLease",
      [],
      () => this.#store.releaseLease?.(userId, options) ?? Promise.resolve(),
    );
  }

  /** The user whose record has this Cal.com user; `null` also for a store that can't tell. */
  findUser(calUserId: number): Promise<string | null> {
    const account = { calServer: this.#calServer, calUserId };
    return this.#run("findUser", [], () => this.#store.findUser?.(account) ?? Promise.resolve(null));
  }

  async reassign(
    write: CheckedWrite,
    options: { from: string; ifVersion: number },
  ): Promise<TokenRecord | null> {
    const record = { ...write, calServer: this.#calServer };
    const written = await this.#run(
      "reassign",
      secretsOf(write),
      () => this.#store.reassign?.(record, options) ?? Promise.resolve(null),
    );
    return written ? this.#checked(written, write.userId) : null;
  }

  /** The ids of all users, page by page. */
  async *userIds(after?: string): AsyncGenerator<string, void, undefined> {
    if (!this.#store.list)
      throw new CalStoreError("This token store can't list its users: it has no list().");
    for (let last = after; ;) {
      const page = await this.#run(
        "list",
        [],
        () => this.#store.list?.({ after: last, limit: 100 }) ?? Promise.resolve([]),
      );
      if (page.length === 0) return;
      yield* page;
      last = page.at(-1);
    }
  }

  #attemptsOf(store: TokenStore): AttemptStore | null {
    const methods = ["putAttempt", "getAttempt", "takeAttempt"] as const;
    if (!methods.every((method) => typeof store[method] === "function")) return null;
    return {
      put: (id, options) =>
        this.#run("putAttempt", [options.data], () => store.putAttempt?.(id, options) ?? Promise.resolve()),
      get: (id) => this.#run("getAttempt", [], () => store.getAttempt?.(id) ?? Promise.resolve(null)),
      acquireLease: (key, options) => this.acquireLease(key, options),
      releaseLease: (key, options) => this.releaseLease(key, options),
      take: (id) => this.#run("takeAttempt", [], () => store.takeAttempt?.(id) ?? Promise.resolve(null)),
    };
  }

  #run<T>(method: string, secrets: readonly string[], work: () => Promise<T>): Promise<T> {
    return callStore(`token store's ${method}()`, secrets, () =>
      traced(this.#telemetry, { kind: "store", method }, work),
    );
  }

  /** The record, if it is this user's and can be used; throws otherwise. */
  #checked(record: TokenRecord, userId: string): TokenRecord {
    assertShape(record);
    // A crossed connection, or a column that ignores letter case or trailing spaces.
    if (record.userId !== userId) {
      throw new CalStoreError("The token store returned another user's record. Nothing was sent with it.");
    }
    if (record.calServer !== this.#calServer) {
      throw new CalStoreError(
        `The stored tokens belong to the Cal.com server "${record.calServer}", and this client's serverId is "${this.#calServer}". Nothing was sent.`,
      );
    }
    detailsOf(record);
    assertOwnToken(record);
    return record;
  }
}

/** An access token says for which Cal.com user it was issued. */
function assertOwnToken({
  calAccessToken,
  calUserId,
}: Pick<TokenRecord, "calAccessToken" | "calUserId">): void {
  const claimed = calUserIdIn(calAccessToken);
  if (claimed === null || claimed === calUserId) return;
  throw new CalStoreError(
    `The access token was issued for another Cal.com user than ${String(calUserId)}, which the row names: the row was changed by hand. Nothing was sent or written.`,
  );
}

// What encryptedTokenStore() writes: a compact JWE without an encrypted key. No token of Cal.com's is one.
const encrypted = /^eyJ[\w-]+\.\.[\w-]+\.[\w-]*\.[\w-]+$/;

function assertShape(record: TokenRecord): void {
  const texts = [record.calAccessToken, record.calRefreshToken, record.details];
  // Cal.com would refuse it as a token, and the next refresh would replace it by unencrypted tokens.
  if (texts.some((text) => typeof text === "string" && encrypted.test(text))) {
    throw new CalStoreError(
      "The stored tokens are encrypted. Wrap the token store: encryptedTokenStore(store, { keys }).",
    );
  }
  const problem = [
    (typeof record.calAccessToken !== "string" || record.calAccessToken === "") &&
      "calAccessToken must be a string that is not empty",
    !isTextOrNull(record.calRefreshToken) && "calRefreshToken must be a string or null",
    !isTextOrNull(record.details) && "details must be a string or null",
    typeof record.calServer !== "string" && "calServer must be a string",
    !Number.isInteger(record.calUserId) && "calUserId must be an integer",
    !Number.isInteger(record.version) && "version must be an integer",
    !isInstant(record.calAccessTokenExpiresAt) && "calAccessTokenExpiresAt must be a Date or null",
    !isInstant(record.calRefreshTokenExpiresAt) && "calRefreshTokenExpiresAt must be a Date or null",
    ((record.updatedAt as unknown) === null || !isInstant(record.updatedAt)) && "updatedAt must be a Date",
  ].find((complaint) => complaint !== false);
  if (problem) throw new CalStoreError(`The token store returned an invalid record: ${problem}.`);
}

function secretsOf({ calAccessToken, calRefreshToken }: CheckedWrite): string[] {
  return calRefreshToken === null ? [calAccessToken] : [calAccessToken, calRefreshToken];
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

function isInstant(value: unknown): boolean {
  return value === null || (isDate(value) && !Number.isNaN(value.getTime()));
}

// Also a Date of another realm, as a store gets it from a driver where Jest runs.
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === "[object Date]";
}
