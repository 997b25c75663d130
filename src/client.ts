import type { CalClientOptions, CommonOptions } from "./client-options.js";
import { optionsFromEnv } from "./options-from-env.js";
import { closeContext, createContext } from "./client-context.js";
import { resolveOptions } from "./resolve-options.js";
import { OAuthAccounts } from "./users/oauth-accounts.js";
import { EnsuredUsers } from "./users/ensured-users.js";
import type { ClaimProgress, ClaimUsersOptions } from "./users/claim-users.js";
import { CalValidationError } from "./errors.js";
import type { CalPagesInput } from "./api/pages.js";
import type { CalRequestInput, CalResponse } from "./api/raw-request.js";
import type { CallOptions } from "./api/request.js";
import type { EnrollConnectionsOptions, EnrollConnectionsResult } from "./connections/enroll.js";
import type { Connections } from "./connections/connections.js";
import type {
  CheckConnectionOptions,
  CheckConnectionsOptions,
  ConnectionCheck,
  ConnectionChecksResult,
} from "./connections/types.js";
import type { ManagedUserInput } from "./api/endpoints/managed-users.js";
import { assertEmail, assertObject, assertUserId } from "./lib/assert.js";
import { ManagedUsers } from "./users/managed-users.js";
import { assertManagedUserInput } from "./users/user-input.js";
import type { AttemptStore } from "./tokens/checked-store.js";
import type { Telemetry } from "./lib/telemetry.js";
import { CalUser } from "./users/cal-user.js";
import type { UnreadableUser, UserSummary, UsersOptions } from "./users/user-summaries.js";
import { within } from "./lib/deadline.js";
import type { UserContext } from "./users/context.js";
import { processEnv } from "./lib/env.js";
import { loadForManagedUsers, loadOnDemand } from "./users/parts.js";

/**
 * Cal.com, on behalf of an application's users. Create one for the whole process: its users share a cache and
 * the refreshes in flight.
 *
 * @example
 * ```ts
 * const cal = new CalClient({ managedUsers: { clientId, clientSecret }, tokenStore: memoryTokenStore() });
 * const ada = await cal.ensureUser("user-1", { email: "ada@example.com", name: "Ada", timeZone: "Europe/London" });
 * const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
 * ```
 */
export class CalClient {
  /** Cal.com's endpoints for managed users, one method each. They don't touch the token store. */
  readonly managedUsers: ManagedUsers;
  /** @internal What the token store keeps for the request handlers; `null` if it can't. */
  readonly attempts: AttemptStore | null;
  /** @internal For the request handlers. */
  readonly telemetry: Telemetry | undefined;
  /** @internal For the request handlers: takes work that no request waits for. `undefined` where the runtime may stop it. */
  readonly background: ((work: Promise<unknown>) => void) | undefined;
  readonly #context: UserContext;
  readonly #oauth: OAuthAccounts | undefined;
  /** Loaded when it is first needed. `undefined` for a client without a connection store. */
  readonly #loadConnections: (() => Promise<Connections>) | undefined;
  readonly #ensuring: EnsuredUsers;

  /** @throws {@link CalValidationError} if an option is invalid. */
  constructor(options: CalClientOptions) {
    const resolved = resolveOptions(options);
    const { context, sendToken, loadConnections } = createContext(resolved);
    const { managedUsers, oauth, telemetry } = resolved;
    this.#context = context;
    this.#ensuring = new EnsuredUsers(context);
    this.#loadConnections = loadConnections;
    this.attempts = context.store.attempts;
    this.telemetry = telemetry;
    this.background = resolved.hasBackground ? resolved.waitUntil : undefined;
    this.managedUsers = new ManagedUsers(context.sendAsClient, managedUsers?.clientId ?? "");
    this.#oauth = oauth && new OAuthAccounts(context, oauth, sendToken, (userId) => this.forUser(userId));
  }

  /**
   * A client from the environment: `CAL_CLIENT_ID` and `CAL_CLIENT_SECRET` for managed users; `CAL_OAUTH_CLIENT_ID`,
   * `CAL_OAUTH_CLIENT_SECRET`, `CAL_OAUTH_REDIRECT_URI`, `CAL_OAUTH_SCOPES` and `CAL_AUTHORIZE_URL` for OAuth 2;
   * `CAL_API_URL`. With both, give `newUsers` or `CAL_NEW_USERS`; with one of them it is ignored. Where there is no
   * `process.env` (Workers), give `env`.
   *
   * @throws {@link CalValidationError} that names the missing variables.
   */
  static fromEnv(
    options: CommonOptions & {
      newUsers?: "managed" | "oauth" | undefined;
      env?: Record<string, string | undefined> | undefined;
    },
  ): CalClient {
    assertObject("The options", options, "{ tokenStore }");
    const { env = processEnv(), newUsers, ...rest } = options;
    const fromEnv = optionsFromEnv(env);
    return new CalClient({
      ...rest,
      ...fromEnv,
      ...("newUsers" in fromEnv && newUsers && { newUsers }),
      baseUrl: rest.baseUrl ?? fromEnv.baseUrl,
    } as CalClientOptions);
  }

  /**
   * Users' own Cal.com accounts, by OAuth 2. Experimental: what hosted Cal.com does was read from its source, and never
   * seen at api.cal.com.
   *
   * @throws {@link CalValidationError} for a client without the option `oauth`.
   */
  get oauth(): OAuthAccounts {
    if (this.#oauth) return this.#oauth;
    throw new CalValidationError(
      "This client has no OAuth client. Give the option: oauth: { clientId, clientSecret, redirectUri }.",
    );
  }

  /** Whether users' connections are remembered, so that they can be checked. */
  get hasConnectionStore(): boolean {
    return this.#loadConnections !== undefined;
  }

  /** The id of the client at Cal.com. Not a secret. */
  get clientId(): string {
    const { managedUsers, oauth } = this.#context.options;
    return managedUsers?.clientId ?? oauth?.clientId ?? "";
  }

  /**
   * How users have accounts at Cal.com, by the options: as managed users, by OAuth 2, or both. The first one is what a
   * user without a record gets.
   */
  get grants(): readonly ("managed" | "oauth")[] {
    const { managedUsers, oauth, newUsers } = this.#context.options;
    if (!managedUsers || !oauth) return [newUsers];
    return newUsers === "oauth" ? ["oauth", "managed"] : ["managed", "oauth"];
  }

  /**
   * The application's user, with a managed user at Cal.com: the one the store knows, or one that is found by
   * its address or created. Safe to call on every request, and at once from several processes.
   *
   * The address identifies the user: give only addresses that the application has verified.
   *
   * @param userId - The application's own id of the user.
   * @throws {@link CalApiError} `conflict` if the address, or the user name that Cal.com makes of it, is
   * another user's.
   */
  async ensureUser(userId: string, input: ManagedUserInput, options: CallOptions = {}): Promise<CalUser> {
    const user = this.forUser(userId);
    assertManagedUserInput(input);
    options.signal?.throwIfAborted();
    // For every caller: of several calls at once, only one's input is used.
    if (input.metadata) (await loadForManagedUsers()).assertRoomForOwnerHash(input.metadata);
    const { signal, timeoutMs } = options;
    // Shared by all callers that ask for this user, so the first caller's signal does not end it.
    await within(this.#ensuring.ensure(userId, input, { timeoutMs }), { signal });
    return user;
  }

  /**
   * Gives the Cal.com user of one application user to another: the same person with a new id. For tokens that were
   * encrypted, and for managed users, which carry a hash of their owner, a change in the database would not be enough.
   *
   * @param options - `email`, the address of the managed user, is needed only if the record of `from` was deleted already.
   * @throws {@link CalUserInUseError} if `to` has a Cal.com user already.
   * @throws {@link CalTokenError} `user_not_found` if there is neither a record nor a managed user of `from`.
   */
  async reassignUser(
    from: string,
    to: string,
    { email, ...options }: CallOptions & { email?: string | undefined } = {},
  ): Promise<void> {
    assertUserId(from);
    assertUserId(to);
    if (email !== undefined) assertEmail(email);
    if (from === to) throw new CalValidationError("The two users must be different.");
    const { reassignUser } = await loadForManagedUsers();
    await reassignUser(this.#context, from, to, email, options);
    await this.#context.connections?.moved(from, to);
  }

  /**
   * Gives all managed users of the store the hash of their owner, for rows that came from elsewhere: `ensureUser()` does
   * it when it first meets one. `calbridge claim` runs it. Can be stopped, continued and run again.
   */
  async claimUsers(options: ClaimUsersOptions = {}): Promise<ClaimProgress> {
    const { claimUsers } = await loadForManagedUsers();
    return claimUsers(this.#context, options);
  }

  /**
   * Calls any endpoint of Cal.com's API v2 as the platform client, with its id and secret: for webhooks of managed users,
   * for example. `{clientId}` in the path is filled in. See {@link CalUser.request}.
   *
   * @throws {@link CalTokenError} `unsupported_for_grant` for a client without `managedUsers`.
   */
  async request<T = unknown>(input: CalRequestInput): Promise<CalResponse<T>> {
    const { requestRaw } = await loadOnDemand();
    const { sendAsClient, options } = this.#context;
    return requestRaw<T>(sendAsClient, this.#withClientId(input), options.baseUrl);
  }

  /** The items of a list of Cal.com's, page by page, as the platform client. See {@link CalUser.paginate}. */
  async *paginate<T = unknown>(input: CalPagesInput): AsyncGenerator<T, void, undefined> {
    const { itemsOf } = await loadOnDemand();
    const { sendAsClient, options } = this.#context;
    yield* itemsOf<T>(sendAsClient, this.#withClientId(input), options.baseUrl);
  }

  #withClientId<Input extends CalPagesInput>(input: Input): Input {
    assertObject("The request", input, "{ path, method, query, body }");
    return { ...input, params: { clientId: this.clientId, ...input.params } };
  }

  /**
   * The users of the token store, for a support page: grant, account, expiries and the last refresh, and no tokens. Makes
   * no request. Users whose record can't be read have `problem`.
   *
   * @throws {@link CalStoreError} if the store has no `list()`.
   * @example
   * ```ts
   * for await (const user of cal.users()) {
   *   if (user.problem) console.log(user.userId, user.problem.message);
   *   else console.log(user.userId, user.calAccount.grant, user.tokensIssuedAt);
   * }
   * ```
   */
  async *users(options: UsersOptions = {}): AsyncGenerator<UserSummary | UnreadableUser, void, undefined> {
    const { userSummaries } = await loadOnDemand();
    yield* userSummaries(this.#context, options);
  }

  /** The application's user, by its own id. Makes no request; calls fail with `user_not_found` before `ensureUser()`. */
  forUser(userId: string): CalUser {
    assertUserId(userId);
    return new CalUser(userId, this.#context);
  }

  /**
   * Checks one user's connections now, whether the user is due or not: reads them, remembers what is new, restores what
   * a reconnect has lost, and calls the hook `onConnectionChange`. For a job for each user, or a page.
   *
   * @throws {@link CalTokenError} `user_not_found` for a user without tokens.
   * @throws {@link CalValidationError} for a client without a `connectionStore`.
   */
  async checkConnection(userId: string, options: CheckConnectionOptions = {}): Promise<ConnectionCheck> {
    assertUserId(userId);
    return (await this.#connections()).checkOne(userId, options);
  }

  /**
   * Checks the connections of all users who are due, and calls the hook `onConnectionChange` for each change. Any number
   * of processes may run it at once: no two get the same user, and the users of one that was killed are due again after
   * five minutes. Call it every few minutes. A user who can't be checked doesn't end the run.
   *
   * @throws {@link CalValidationError} for a client without a `connectionStore`.
   * @throws {@link CalStoreError} if the connection store fails.
   */
  async checkConnections(options: CheckConnectionsOptions = {}): Promise<ConnectionChecksResult> {
    return (await this.#connections()).checkDue(options);
  }

  /** What the last check of a user's connections found; `null` if there was none. Makes no request. */
  async lastConnectionCheck(userId: string): Promise<ConnectionCheck | null> {
    assertUserId(userId);
    return (await this.#connections()).lastCheck(userId);
  }

  /**
   * Adds all users of the token store to the connection store, for users who connected before there was one. They are
   * first checked within a day. New users are added by themselves. Can be stopped, continued and run again.
   */
  async enrollConnections(options: EnrollConnectionsOptions = {}): Promise<EnrollConnectionsResult> {
    return (await this.#connections()).enroll(options);
  }

  async #connections(): Promise<Connections> {
    if (this.#loadConnections) return this.#loadConnections();
    throw new CalValidationError(
      "This client remembers no connections. Give the option connectionStore; for a first try: memoryConnectionStore().",
    );
  }

  /**
   * Waits for the refreshes in flight and for all that calls still write, and starts no new refresh: call it before the
   * process ends, on SIGTERM for example, so that no refreshed token is lost. Calls with a token that needs no refresh
   * still work.
   *
   * @example
   * ```ts
   * process.once("SIGTERM", () => server.close(() => void cal.close()));
   * ```
   */
  async close(): Promise<void> {
    await closeContext(this.#context, this.#ensuring.settled());
  }

  /** The same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
