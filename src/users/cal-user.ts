import {
  deleteManagedUser,
  getProfile,
  updateManagedUser,
  type ManagedUser,
  type ManagedUserUpdate,
  type UserProfile,
} from "../api/endpoints/managed-users.js";
import type { ApiCall, CallOptions } from "../api/request.js";
import { UserCalendars } from "../calendars/user-calendars.js";
import { CalApiError } from "../errors.js";
import { assertMs, assertTimeoutMs } from "../lib/assert.js";
import { within } from "../lib/deadline.js";
import type { UsableTokens } from "../tokens/token-manager.js";
import { accessTokenExpiry, MAX_TTL_MS, userNotFound } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { assertOwn, claimUser } from "./claim.js";
import type { UserContext } from "./context.js";
import { assertRoomForOwnerHash, withOwnerHash } from "./owner-metadata.js";
import { assertManagedUserUpdate } from "./user-input.js";

// Other servers may refresh at the same time: each found token that is refused leads on to the next one.
const MAX_FOUND_TOKENS = 5;

/** An access token that works, and when it ends. */
export interface AccessToken {
  accessToken: string;
  /** `null` if that is not known. */
  expiresAt: Date | null;
}

/** One user of the application, with an account at Cal.com. Tokens are read, refreshed and stored as needed. */
export class CalUser {
  /** The application's own id of the user. */
  readonly id: string;
  /** The user's calendars. */
  readonly calendars: UserCalendars;
  readonly #context: UserContext;

  /** @internal */
  constructor(id: string, context: UserContext) {
    this.id = id;
    this.#context = context;
    const { transport, options } = context;
    this.calendars = new UserCalendars({
      send: (call, need) => this.#send(call, need),
      sendPublic: (call) => transport.send(call, { kind: "none" }),
      record: (options) => this.#record(options),
      connectMinTtlMs: options.connectMinTtlMs,
    });
  }

  /**
   * An access token that works for `minTtlMs` milliseconds more, refreshed if need be: for Cal.com's UI
   * components, or for endpoints this package doesn't wrap. It is a secret of this user's.
   *
   * @throws {@link CalTokenError} `user_not_found` before `ensureUser()`.
   */
  async accessToken(options: CallOptions & { minTtlMs?: number | undefined } = {}): Promise<AccessToken> {
    const { minTtlMs, ...call } = options;
    if (minTtlMs !== undefined) assertMs("minTtlMs", minTtlMs, { min: 0, max: MAX_TTL_MS });
    const { record } = await this.#usable({ minTtlMs }, call);
    return { accessToken: record.calAccessToken, expiresAt: accessTokenExpiry(record) };
  }

  /** What Cal.com knows of the user. */
  async profile(options?: CallOptions): Promise<UserProfile> {
    return getProfile((call) => this.#send(call), options);
  }

  /** Changes the given fields and leaves the others. `metadata` is replaced as a whole. */
  async update(update: ManagedUserUpdate, options?: CallOptions): Promise<ManagedUser> {
    assertManagedUserUpdate(update);
    assertRoomForOwnerHash(update.metadata);
    const { options: client, sendAsClient } = this.#context;
    const record = await this.#record(options);
    assertOwn(await claimUser(this.#context, record, options));
    // The owner hash, by which ensureUser() finds its own users, would be replaced with the rest.
    const { metadata } = update;
    const owned = metadata ? { ...update, metadata: await withOwnerHash(metadata, this.id) } : update;
    return updateManagedUser(sendAsClient, client.managedUsers.clientId, record.calUserId, owned, options);
  }

  /**
   * Deletes the managed user at Cal.com, with its calendar connections, then its tokens. Call it before the row of
   * the application's own user is deleted. A refresh in flight does not bring the tokens back. Returns whether there
   * was anything to delete.
   *
   * @throws {@link CalUserInUseError} if the managed user was created for another application user.
   */
  async delete(options?: CallOptions): Promise<boolean> {
    return this.#stored(() => this.#context.tokens.withLease(this.id, () => this.#delete(options)), options);
  }

  async #delete(options?: CallOptions): Promise<boolean> {
    const { options: client, sendAsClient, store, tokens } = this.#context;
    const record = await store.get(this.id);
    if (record) {
      const outcome = await claimUser(this.#context, record, options);
      assertOwn(outcome);
      if (outcome !== "gone") {
        const { clientId } = client.managedUsers;
        await ignoreGone(deleteManagedUser(sendAsClient, clientId, record.calUserId, options));
      }
    }
    const wasThere = await store.delete(this.id);
    // Whether or not the caller still waits for it.
    tokens.forget(this.id);
    return wasThere;
  }

  /**
   * Makes a call with a token that works. A token that was only found may be refused: the next one is tried, until one
   * was issued for this call.
   */
  async #send<T>(call: ApiCall<T>, requirement: { minTtlMs?: number } = {}): Promise<T> {
    const rejected = new Set<string>();
    for (;;) {
      const { record, isIssued } = await this.#usable({ ...requirement, rejected }, call);
      const { calAccessToken: accessToken } = record;
      try {
        return await this.#context.transport.send(call, { kind: "bearer", accessToken });
      } catch (error) {
        if (!isTokenRefused(error) || isIssued || rejected.size >= MAX_FOUND_TOKENS) throw error;
        // Cal.com did not carry out a refused request, so sending it again is safe whatever its method.
        rejected.add(accessToken);
      }
    }
  }

  /** The user's record as it is: nothing is refreshed for it. */
  async #record(options?: CallOptions): Promise<TokenRecord> {
    const record = await this.#stored(() => this.#context.tokens.find(this.id), options);
    if (!record) throw userNotFound();
    return record;
  }

  /** What the store answers, for as long as the caller waits. */
  #stored<T>(ask: () => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { signal, timeoutMs: ms = this.#context.options.timeoutMs } = options;
    assertTimeoutMs(ms);
    const message = `The token store had no answer within ${String(ms)} ms.`;
    return within(ask(), { signal, time: { ms, message } });
  }

  #usable(
    requirement: { minTtlMs?: number | undefined; rejected?: ReadonlySet<string> },
    options: CallOptions = {},
  ): Promise<UsableTokens> {
    const { tokens, options: client } = this.#context;
    const { signal, timeoutMs = client.timeoutMs } = options;
    assertTimeoutMs(timeoutMs);
    return tokens.usable(this.id, { ...requirement, signal, timeoutMs });
  }
}

function isTokenRefused(error: unknown): boolean {
  return error instanceof CalApiError && (error.code === "token_expired" || error.code === "token_rejected");
}

async function ignoreGone(deletion: Promise<ManagedUser>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof CalApiError && error.code === "not_found")) throw error;
  }
}
