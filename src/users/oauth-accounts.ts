import type { Send } from "../api/request.js";
import { assertUserId } from "../lib/assert.js";
import type { CalUser } from "./cal-user.js";
import type { UserContext } from "./context.js";
import type { AuthorizationUrlInput, LinkInput, LinkOptions, ResolvedOAuth } from "./oauth-types.js";
import { loadForOAuth } from "./parts.js";

/** Links users' own Cal.com accounts by OAuth 2: `cal.oauth`. */
export class OAuthAccounts {
  readonly #context: UserContext;
  readonly #options: ResolvedOAuth;
  readonly #sendToken: Send;
  readonly #forUser: (userId: string) => CalUser;

  /** @internal */
  constructor(
    context: UserContext,
    options: ResolvedOAuth,
    sendToken: Send,
    forUser: (userId: string) => CalUser,
  ) {
    this.#context = context;
    this.#options = options;
    this.#sendToken = sendToken;
    this.#forUser = forUser;
  }

  /** The id of the OAuth client at Cal.com. Not a secret. */
  get clientId(): string {
    return this.#options.clientId;
  }

  /**
   * Where to send the browser so that the user allows the application: Cal.com's authorize page. Some failures stay on
   * that page (an unknown client, a wrong redirect URI, a client under review), so offer "start again".
   *
   * @returns the URL, and for a public client the `codeVerifier` (PKCE) that `link()` needs: keep it with the state,
   * never in the browser. `null` for a client with a secret: Cal.com does not accept both.
   */
  async authorizationUrl(
    input: AuthorizationUrlInput,
  ): Promise<{ url: string; codeVerifier: string | null }> {
    const { authorizationUrl } = await loadForOAuth();
    return authorizationUrl(this.#options, input);
  }

  /**
   * Exchanges the code and stores the tokens of the user's own Cal.com account. The user's managed user, if there is
   * one, stays at Cal.com. A code is exchanged once: after an error, start again with `authorizationUrl()`.
   *
   * @throws {@link CalLinkError} `code_rejected`, `team_account_not_supported`, `different_cal_account` (another one
   * is linked: `replace`), `cal_account_in_use` (another application user has it: `takeOver`).
   * @throws {@link CalTokenError} `client_rejected` if Cal.com refuses the OAuth client.
   * @throws {@link CalStoreError} if the store does not keep `details`.
   */
  async link(userId: string, input: LinkInput, options: LinkOptions = {}): Promise<CalUser> {
    assertUserId(userId);
    const { codeGrantOf, linkAccount } = await loadForOAuth();
    const grant = codeGrantOf(this.#options, input);
    options.signal?.throwIfAborted();
    const how = { context: this.#context, client: this.#options, sendToken: this.#sendToken };
    // A refresh in flight would end the new tokens: Cal.com ends all others of this user and client.
    const linked = this.#context.tokens.withLease(userId, (lease) =>
      linkAccount(how, userId, grant, options, lease),
    );
    this.#context.options.waitUntil(linked);
    await linked;
    return this.#forUser(userId);
  }
}
