import * as base64url from "jose/base64url";
import type { Send } from "../api/request.js";
import { CalValidationError } from "../errors.js";
import { assertObject, assertText, assertUserId, toHttpUrl } from "../lib/assert.js";
import { sha256 } from "../lib/digest.js";
import type { HeldLease } from "../tokens/refresh-lease.js";
import type { CalUser } from "./cal-user.js";
import type { UserContext } from "./context.js";
import type {
  AuthorizationUrlInput,
  CodeGrant,
  LinkInput,
  LinkOptions,
  ResolvedOAuth,
} from "./oauth-types.js";

/** Links users' own Cal.com accounts by OAuth 2: `cal.oauth`. */
export class OAuthAccounts {
  readonly #context: UserContext;
  readonly #options: ResolvedOAuth;
  readonly #sendToken: Send;
  readonly #now: () => number;
  readonly #forUser: (userId: string) => CalUser;

  /** @internal */
  constructor(
    context: UserContext,
    options: ResolvedOAuth,
    sendToken: Send,
    now: () => number,
    forUser: (userId: string) => CalUser,
  ) {
    this.#context = context;
    this.#options = options;
    this.#sendToken = sendToken;
    this.#now = now;
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
    assertObject("The input", input, "{ state }");
    assertText("state", input.state);
    const { clientId, clientSecret, authorizeUrl } = this.#options;
    const scopes = input.scopes ?? this.#options.scopes;
    assertScopes("scopes", scopes);
    const url = new URL(authorizeUrl);
    url.searchParams.set("client_id", clientId);
    url.searchParams.set("redirect_uri", this.#redirectUri(input.redirectUri));
    url.searchParams.set("state", input.state);
    // Commas suit every server; older ones take `A B` for one scope.
    if (scopes.length > 0) url.searchParams.set("scope", scopes.join(","));
    if (clientSecret !== undefined) return { url: url.href, codeVerifier: null };
    const codeVerifier = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
    url.searchParams.set("code_challenge", base64url.encode(await sha256(codeVerifier)));
    url.searchParams.set("code_challenge_method", "S256");
    return { url: url.href, codeVerifier };
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
    assertObject("The input", input, "{ code }");
    assertText("code", input.code);
    const grant = {
      code: input.code,
      codeVerifier: this.#codeVerifier(input.codeVerifier),
      redirectUri: this.#redirectUri(input.redirectUri),
    };
    options.signal?.throwIfAborted();
    // A refresh in flight would end the new tokens: Cal.com ends all others of this user and client.
    const linked = this.#context.tokens.withLease(userId, (lease) =>
      this.#link(userId, grant, options, lease),
    );
    this.#context.options.waitUntil(linked);
    await linked;
    return this.#forUser(userId);
  }

  async #link(userId: string, grant: CodeGrant, options: LinkOptions, lease: HeldLease): Promise<void> {
    const { linkAccount } = await import("./on-demand.js");
    const how = { context: this.#context, client: this.#options, sendToken: this.#sendToken, now: this.#now };
    await linkAccount(how, userId, grant, options, lease);
  }

  #redirectUri(given: string | undefined): string {
    const redirectUri = given ?? this.#options.redirectUri;
    if (redirectUri === undefined) {
      throw new CalValidationError(
        "redirectUri is missing: give it with the call, or as the client's option oauth.redirectUri.",
      );
    }
    assertRedirectUri("redirectUri", redirectUri);
    return redirectUri;
  }

  /** Cal.com refuses a verifier and a secret together, and a public client without a verifier. */
  #codeVerifier(given: string | null | undefined): string | undefined {
    const codeVerifier = given ?? undefined;
    if (this.#options.clientSecret !== undefined) {
      if (codeVerifier === undefined) return undefined;
      throw new CalValidationError(
        "codeVerifier must be absent: Cal.com accepts no PKCE from a client with a secret.",
      );
    }
    if (codeVerifier !== undefined) {
      assertText("codeVerifier", codeVerifier);
      return codeVerifier;
    }
    throw new CalValidationError(
      "codeVerifier is missing: a client without a secret uses PKCE. Keep what authorizationUrl() returned.",
    );
  }
}

/** Rejects what is no list of scopes. Unknown ones are for Cal.com to refuse. */
export function assertScopes(name: string, scopes: unknown): asserts scopes is readonly string[] {
  const isList =
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === "string" && /^[A-Z][A-Z0-9_]*$/.test(scope));
  if (!isList) throw new CalValidationError(`${name} must be a list of scopes such as ["APPS_READ"].`);
}

/** Rejects a redirect URI that Cal.com does not register (RFC 6749, section 3.1.2: no fragment). */
export function assertRedirectUri(name: string, value: unknown): asserts value is string {
  if (!toHttpUrl(name, value).href.includes("#")) return;
  throw new CalValidationError(`${name} must not have a fragment.`);
}
