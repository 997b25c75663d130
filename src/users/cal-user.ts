import type { ManagedUser, ManagedUserUpdate } from "../api/endpoints/managed-users.js";
import type { CalPagesInput } from "../api/pages.js";
import { getProfile, type UserProfile } from "../api/endpoints/profile.js";
import type { CalRequestInput, CalResponse } from "../api/raw-request.js";
import type { ApiCall, CallOptions, Send } from "../api/request.js";
import { UserCalendars } from "../calendars/user-calendars.js";
import { CalTokenError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { reauthorizationRequired } from "../tokens/reauthorization.js";
import { assertEmail, assertMs, assertText, assertTimeoutMs } from "../lib/assert.js";
import { within } from "../lib/deadline.js";
import { traced } from "../lib/telemetry.js";
import type { UsableTokens } from "../tokens/token-manager.js";
import { accessTokenExpiry, MAX_TTL_MS, userNotFound } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { calAccountOf, type CalAccount } from "./cal-account.js";
import { isAccountGone, isAccountLost, isTokenRefused } from "./call-errors.js";
import type { UserContext } from "./context.js";
import { assertManagedUserUpdate } from "./user-input.js";
import type { UserSummary } from "./user-summaries.js";
import { loadForManagedUsers, loadOnDemand } from "./parts.js";

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
    const { transport, options, connections } = context;
    this.calendars = new UserCalendars({
      send: (call, need) => this.#send(call, need),
      changed: () => connections?.changed(id),
      saw: (list) => connections?.saw(id, list),
      failed: (provider) => connections?.failed(id, provider),
      sendPublic: (call) => transport.send(call, { kind: "none", userId: id }),
      record: (options) => this.#record(options),
      connectMinTtlMs: options.connectMinTtlMs,
    });
  }

  /** @internal Makes a call as the user. */
  readonly send: Send = (call) => this.#send(call);

  /**
   * An access token that works for `minTtlMs` milliseconds more, refreshed if need be: for Cal.com's UI
   * components, or an HTTP client of your own. It is a secret of this user's. For other endpoints of Cal.com's see
   * {@link request}.
   *
   * @param options - `rejected` is a token that Cal.com has just refused (401 or 498): another one is returned.
   * @throws {@link CalTokenError} `user_not_found` before `ensureUser()`.
   * @example
   * ```ts
   * let { accessToken } = await ada.accessToken();
   * let response = await callCal(accessToken);
   * if (response.status === 401 || response.status === 498) {
   *   ({ accessToken } = await ada.accessToken({ rejected: accessToken }));
   *   response = await callCal(accessToken);
   * }
   * ```
   */
  async accessToken(
    options: CallOptions & { minTtlMs?: number | undefined; rejected?: string | undefined } = {},
  ): Promise<AccessToken> {
    const { minTtlMs, rejected, ...call } = options;
    if (minTtlMs !== undefined) assertMs("minTtlMs", minTtlMs, { min: 0, max: MAX_TTL_MS });
    if (rejected !== undefined) assertText("rejected", rejected);
    const requirement = { minTtlMs, ...(rejected !== undefined && { rejected: new Set([rejected]) }) };
    const { record } = await this.#usable(requirement, call);
    return { accessToken: record.calAccessToken, expiresAt: accessTokenExpiry(record) };
  }

  /**
   * Calls any endpoint of Cal.com's API v2 for this user, with the same care for tokens, retries, time limits, redaction
   * and errors as the methods. `T` is the type of `data`: it is not validated.
   *
   * @throws {@link CalValidationError} for a path that may leave the base URL.
   * @example
   * ```ts
   * const { data } = await ada.request<{ id: number; name: string }[]>({ path: "/schedules", apiVersion: "2024-06-11" });
   * ```
   */
  async request<T = unknown>(input: CalRequestInput): Promise<CalResponse<T>> {
    const { requestRaw } = await loadOnDemand();
    return requestRaw<T>(this.send, input, this.#context.options.baseUrl);
  }

  /**
   * The items of a list of Cal.com's, page by page: `take` and `skip` are added to the query.
   *
   * @throws {@link CalApiError} `invalid_response` if `data` is not a list.
   * @example
   * ```ts
   * const query = { status: "upcoming" };
   * for await (const booking of ada.paginate<{ uid: string }>({ path: "/bookings", query, apiVersion: "2024-08-13" })) {
   *   console.log(booking.uid);
   * }
   * ```
   */
  async *paginate<T = unknown>(input: CalPagesInput): AsyncGenerator<T, void, undefined> {
    const { itemsOf } = await loadOnDemand();
    yield* itemsOf<T>(this.send, input, this.#context.options.baseUrl);
  }

  /** What Cal.com knows of the user. OAuth 2: scope `PROFILE_READ`. */
  async profile(options?: CallOptions): Promise<UserProfile> {
    return getProfile(this.send, options);
  }

  /** What the token store knows of the user, without tokens. Makes no request. `null` if there is no record. */
  async summary(options?: CallOptions): Promise<UserSummary | null> {
    const { userSummary } = await loadOnDemand();
    return this.#stored(() => userSummary(this.#context, this.id), options);
  }

  /**
   * The user's account at Cal.com, as far as the store knows it: makes no request. `null` if there is none yet.
   */
  async calAccount(options?: CallOptions): Promise<CalAccount | null> {
    const { store, tokens, options: client } = this.#context;
    const record = await this.#stored(() => store.get(this.id), options);
    // A caller that asks which account it is acts on that account next.
    tokens.compareCached(this.id, record);
    return record && calAccountOf(record, client.oauth?.scopes ?? [], client.now());
  }

  /**
   * Forgets the tokens of the user's own Cal.com account. Changes nothing at Cal.com, which has no way to end the
   * application's access: the account's owner can. Returns whether there was a link.
   *
   * @throws {@link CalTokenError} `unsupported_for_grant` for a managed user: use `delete()`.
   */
  async unlink(options?: CallOptions): Promise<boolean> {
    const { store, tokens } = this.#context;
    const unlink = async (): Promise<boolean> => {
      const record = await store.get(this.id);
      if (!record) {
        // An earlier call may have failed after it deleted the record.
        await this.#context.connections?.forget(this.id);
        return false;
      }
      assertGrant(record, "oauth", "unlink");
      await store.delete(this.id);
      tokens.forget(this.id);
      await this.#context.connections?.forget(this.id);
      return true;
    };
    return this.#stored(() => tokens.withLease(this.id, unlink), options);
  }

  /**
   * Deletes the managed user that this user had before their own Cal.com account was linked. Returns whether there was
   * one.
   *
   * @param options - `email`, the address of the managed user, finds it after `unlink()`, which forgets it.
   */
  async deletePreviousManagedUser(
    options: CallOptions & { email?: string | undefined } = {},
  ): Promise<boolean> {
    const { email, ...call } = options;
    if (email !== undefined) assertEmail(email);
    const { deletePreviousManagedUser } = await loadForManagedUsers();
    const context = this.#context;
    return this.#stored(
      () => context.tokens.withLease(this.id, () => deletePreviousManagedUser(context, this.id, email, call)),
      call,
    );
  }

  /**
   * Changes the given fields of a managed user and leaves the others. `metadata` is replaced as a whole.
   *
   * @throws {@link CalUserInUseError} if the managed user was created for another application user.
   * @throws {@link CalTokenError} `unsupported_for_grant` for a user's own Cal.com account: it is the person's profile.
   */
  async update(update: ManagedUserUpdate, options?: CallOptions): Promise<ManagedUser> {
    assertManagedUserUpdate(update);
    const record = await this.#record(options);
    assertGrant(record, "managed", "update");
    const { updateOwnManagedUser } = await loadForManagedUsers();
    return updateOwnManagedUser(this.#context, record, update, options);
  }

  /**
   * For a user who leaves the application. Deletes the managed user at Cal.com, with its calendar connections, then its
   * tokens; of a user's own Cal.com account only the tokens. Call it before the row of the application's own user is
   * deleted. A refresh in flight does not bring the tokens back. Returns whether there was anything to delete.
   *
   * @param options - With `calUserId` it deletes nothing if the user has another Cal.com user meanwhile.
   * @throws {@link CalUserInUseError} if the managed user was created for another application user.
   */
  async delete(options?: CallOptions & { calUserId?: number | undefined }): Promise<boolean> {
    return this.#stored(() => this.#context.tokens.withLease(this.id, () => this.#delete(options)), options);
  }

  async #delete({
    calUserId,
    ...options
  }: CallOptions & { calUserId?: number | undefined } = {}): Promise<boolean> {
    const { store, tokens } = this.#context;
    const record = await store.get(this.id);
    if (calUserId !== undefined && record?.calUserId !== calUserId) return false;
    if (record && detailsOf(record).grant === "managed") {
      const { deleteOwnManagedUser } = await loadForManagedUsers();
      await deleteOwnManagedUser(this.#context, record, options);
    }
    const wasThere = await store.delete(this.id);
    // Whether or not the caller still waits for it.
    tokens.forget(this.id);
    await this.#context.connections?.forget(this.id);
    return wasThere;
  }

  async #send<T>(call: ApiCall<T>, requirement: { minTtlMs?: number } = {}): Promise<T> {
    const { method, path } = call;
    const { options, connections } = this.#context;
    const operation = { kind: "call", method, path, userId: this.id } as const;
    try {
      return await traced(options.telemetry, operation, () => this.#sendWithToken(call, requirement));
    } catch (error) {
      if (connections && isAccountLost(error)) connections.lost(this.id);
      throw error;
    }
  }

  /**
   * Makes a call with a token that works. A token that was only found may be refused: the next one is tried, until one
   * was issued for this call.
   */
  async #sendWithToken<T>(call: ApiCall<T>, requirement: { minTtlMs?: number }): Promise<T> {
    const rejected = new Set<string>();
    for (;;) {
      const { record, isIssued } = await this.#usable({ ...requirement, rejected }, call);
      const { calAccessToken: accessToken } = record;
      try {
        return await this.#context.transport.send(call, { kind: "bearer", accessToken, userId: this.id });
      } catch (error) {
        if (!isTokenRefused(error)) throw error;
        if (isIssued && isAccountGone(error)) {
          await this.#context.tokens.markGone(record);
          throw reauthorizationRequired("cal_user_gone");
        }
        if (isIssued || rejected.size >= MAX_FOUND_TOKENS) throw error;
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

  /** What the store returns, for as long as the caller waits. */
  #stored<T>(ask: () => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { signal, timeoutMs: ms = this.#context.options.timeoutMs } = options;
    assertTimeoutMs(ms);
    const message = `The token store did not respond within ${String(ms)} ms.`;
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

function assertGrant(record: TokenRecord, grant: "managed" | "oauth", method: string): void {
  if (detailsOf(record).grant === grant) return;
  throw new CalTokenError(
    grant === "oauth"
      ? `${method}() is for a user's own Cal.com account, and this user is a managed user.`
      : `${method}() is for managed users, and this user has linked their own Cal.com account.`,
    "unsupported_for_grant",
  );
}
