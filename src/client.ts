import type { CallOptions, Send } from "./api/request.js";
import type { ManagedUserInput } from "./api/endpoints/managed-users.js";
import { Transport } from "./api/transport.js";
import { assertEnsureInput, ensureUser } from "./users/ensure-user.js";
import { assertObject, assertUserId } from "./lib/assert.js";
import { managedUserGrant } from "./grants/managed-user-grant.js";
import { ManagedUsers } from "./users/managed-users.js";
import { optionsFromEnv, resolveOptions, type CalClientOptions } from "./client-options.js";
import { CheckedStore } from "./tokens/checked-store.js";
import { reportTokenRefresh } from "./tokens/token-events.js";
import { SingleFlight } from "./lib/single-flight.js";
import { TokenCache } from "./tokens/token-cache.js";
import { TokenManager } from "./tokens/token-manager.js";
import { CalUser } from "./users/cal-user.js";
import { within } from "./lib/deadline.js";
import type { UserContext } from "./users/context.js";
import { processEnv } from "./lib/env.js";

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
  /** Cal.com's endpoints for managed users, one method each, past the token store. */
  readonly managedUsers: ManagedUsers;
  readonly #context: UserContext;
  /** Users that this process is creating. */
  readonly #ensuring: SingleFlight<void>;

  /** @throws {@link CalValidationError} if an option can't be right. */
  constructor(options: CalClientOptions) {
    const resolved = resolveOptions(options);
    const { hooks, logger } = resolved;
    const { clientId } = resolved.managedUsers;
    const { onRequest, onResponse, onTokenRefresh } = hooks;
    const transport = new Transport({ ...resolved, ...resolved.managedUsers, onRequest, onResponse });
    const sendAsClient: Send = (call) => transport.send(call, { kind: "client" });
    const store = new CheckedStore(resolved.tokenStore);
    const warn = (message: string, fields: object) => logger?.warn?.(message, fields);
    const tokens = new TokenManager({
      store,
      grant: managedUserGrant(sendAsClient, clientId),
      cache: new TokenCache(resolved.cache.maxUsers),
      refreshWindowMs: resolved.refreshWindowMs,
      now: resolved.now,
      waitUntil: resolved.waitUntil,
      report: reportTokenRefresh(onTokenRefresh, () =>
        logger?.error?.("calbridge: the hook onTokenRefresh threw", { hook: "onTokenRefresh" }),
      ),
      warn,
    });
    this.#ensuring = new SingleFlight(resolved.waitUntil);
    this.#context = { options: resolved, transport, sendAsClient, store, tokens };
    this.managedUsers = new ManagedUsers(sendAsClient, clientId);
  }

  /**
   * A client whose id, secret and base URL come from `CAL_CLIENT_ID`, `CAL_CLIENT_SECRET` and `CAL_API_URL`.
   * Where there is no `process.env` (Workers), give `env`.
   *
   * @throws {@link CalValidationError} that names the variables which are missing.
   */
  static fromEnv(
    options: Omit<CalClientOptions, "managedUsers"> & {
      env?: Record<string, string | undefined>;
    },
  ): CalClient {
    assertObject("The options", options, "{ tokenStore }");
    const { env = processEnv(), ...rest } = options;
    const fromEnv = optionsFromEnv(env);
    return new CalClient({ ...rest, ...fromEnv, baseUrl: rest.baseUrl ?? fromEnv.baseUrl });
  }

  /** The id of the client at Cal.com. Not a secret. */
  get clientId(): string {
    return this.#context.options.managedUsers.clientId;
  }

  /**
   * The application's user, with a managed user at Cal.com: the one the store knows, or one that is found by
   * its address or created. Safe to call on every request, and at once from several processes.
   *
   * The address decides who somebody is: give only addresses that the application has verified.
   *
   * @param userId - The application's own id of the user.
   * @throws {@link CalApiError} `conflict` if the address, or the user name that Cal.com makes of it, is
   * another user's.
   */
  async ensureUser(userId: string, input: ManagedUserInput, options: CallOptions = {}): Promise<CalUser> {
    const user = this.forUser(userId);
    assertEnsureInput(input);
    options.signal?.throwIfAborted();
    const { signal, timeoutMs } = options;
    // Shared by all callers that ask for this user, so the first caller's signal does not end it.
    const ensuring = this.#ensuring.join(userId, () =>
      ensureUser(this.#context, userId, input, { timeoutMs }),
    );
    await within(ensuring, { signal });
    return user;
  }

  /** The application's user, by its own id. Makes no request; calls fail with `user_not_found` before `ensureUser()`. */
  forUser(userId: string): CalUser {
    assertUserId(userId);
    return new CalUser(userId, this.#context);
  }

  /**
   * Waits for the refreshes in flight and their writes, and starts no new one: call it before the process ends, on
   * SIGTERM for example, so that no refreshed token is lost. Calls with a token that needs no refresh still work.
   *
   * @example
   * ```ts
   * process.once("SIGTERM", async () => {
   *   server.close();
   *   await cal.close();
   * });
   * ```
   */
  async close(): Promise<void> {
    await this.#ensuring.settled();
    await this.#context.tokens.close();
  }

  /** The same as {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
