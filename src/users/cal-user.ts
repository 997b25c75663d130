import type { ApiCall, CallOptions } from "../api/request.js";
import {
  deleteManagedUser,
  getProfile,
  updateManagedUser,
  type ManagedUser,
  type ManagedUserUpdate,
  type UserProfile,
} from "../api/endpoints/managed-users.js";
import { UserCalendars } from "../calendars/user-calendars.js";
import { CalApiError } from "../errors.js";
import { assertMs, assertTimeoutMs } from "../lib/assert.js";
import { MAX_TTL_MS } from "../tokens/token-record.js";
import { assertRoomForOwnerHash, withOwnerHash } from "./owner-metadata.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { expiryOf } from "../api/token-claims.js";
import { within } from "../lib/deadline.js";
import { userNotFound } from "../tokens/token-record.js";
import { assertManagedUserUpdate } from "./user-input.js";
import type { UserContext } from "./context.js";

/** An access token that works, and when it ends. */
export interface AccessToken {
  accessToken: string;
  /** `null` if that is not known. */
  expiresAt: Date | null;
}

/** One user of the application, as Cal.com's managed user. Tokens are fetched, refreshed and stored by themselves. */
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
    const record = await this.#usable({ minTtlMs }, call);
    const { calAccessToken: accessToken, calAccessTokenExpiresAt } = record;
    return { accessToken, expiresAt: calAccessTokenExpiresAt ?? expiryOf(accessToken) };
  }

  /** What Cal.com knows of the user. */
  async profile(options?: CallOptions): Promise<UserProfile> {
    return getProfile((call) => this.#send(call), options);
  }

  /** Changes what is given, and leaves the rest. `metadata` is replaced as a whole. */
  async update(update: ManagedUserUpdate, options?: CallOptions): Promise<ManagedUser> {
    assertManagedUserUpdate(update);
    assertRoomForOwnerHash(update.metadata);
    const { options: client, sendAsClient } = this.#context;
    const { calUserId } = await this.#record(options);
    // The mark by which ensureUser() knows its own would be replaced with the rest.
    const { metadata } = update;
    const marked = metadata ? { ...update, metadata: await withOwnerHash(metadata, this.id) } : update;
    return updateManagedUser(sendAsClient, client.managedUsers.clientId, calUserId, marked, options);
  }

  /**
   * Deletes the managed user at Cal.com, with its calendar connections, then its tokens. A refresh that is
   * under way does not bring them back. Answers whether there was anything to delete.
   */
  async delete(options?: CallOptions): Promise<boolean> {
    const { options: client, sendAsClient, store, tokens } = this.#context;
    const record = await this.#stored(() => store.get(this.id), options);
    if (record)
      await ignoreGone(
        deleteManagedUser(sendAsClient, client.managedUsers.clientId, record.calUserId, options),
      );
    return this.#stored(async () => {
      const wasThere = await store.delete(this.id);
      // Whether or not the caller has waited for it.
      tokens.forget(this.id);
      return wasThere;
    }, options);
  }

  /** Makes a call with a token that works; if Cal.com refuses it all the same, once more with the next one. */
  async #send<T>(call: ApiCall<T>, need: { minTtlMs?: number } = {}): Promise<T> {
    const { transport } = this.#context;
    const { calAccessToken: accessToken } = await this.#usable(need, call);
    try {
      return await transport.send(call, { kind: "bearer", accessToken });
    } catch (error) {
      const isRefused =
        error instanceof CalApiError && (error.code === "token_expired" || error.code === "token_rejected");
      if (!isRefused) throw error;
    }
    // A refused request was not carried out, so to repeat it is safe whatever its method.
    const next = await this.#usable({ ...need, rejected: accessToken }, call);
    return transport.send(call, { kind: "bearer", accessToken: next.calAccessToken });
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
    need: { minTtlMs?: number | undefined; rejected?: string },
    options: CallOptions = {},
  ): Promise<TokenRecord> {
    const { tokens, options: client } = this.#context;
    const { signal, timeoutMs = client.timeoutMs } = options;
    assertTimeoutMs(timeoutMs);
    return tokens.usable(this.id, { ...need, signal, timeoutMs });
  }
}

async function ignoreGone(deletion: Promise<ManagedUser>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof CalApiError && error.code === "not_found")) throw error;
  }
}
