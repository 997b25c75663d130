import * as base64url from "jose/base64url";
import { getProfile } from "../api/endpoints/managed-users.js";
import { exchangeCode, type OAuthTokens } from "../api/endpoints/oauth-tokens.js";
import type { CallOptions, Send } from "../api/request.js";
import { calUserIdIn, teamIdIn } from "../api/token-claims.js";
import { CalApiError, CalError, CalLinkError, CalValidationError } from "../errors.js";
import { clientRejected } from "../grants/oauth-grant.js";
import type { SecretSource } from "../lib/secret-source.js";
import { assertObject, assertText, assertUserId, toHttpUrl } from "../lib/assert.js";
import { sha256 } from "../lib/digest.js";
import { detailsOf, toDetailsText, type TokenDetails } from "../tokens/details.js";
import { tokenColumns, withDetails } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { CONFIRM_AFTER_MS } from "../tokens/token-writer.js";
import type { CalUser } from "./cal-user.js";
import type { UserContext } from "./context.js";
import { assertKeepsDetails, storeLink } from "./store-link.js";

/** Input of {@link OAuthAccounts.authorizationUrl}. */
export interface AuthorizationUrlInput {
  /** Comes back with the code. Must be unguessable and bound to this user's session: it protects against login CSRF. */
  state: string;
  /**
   * What the tokens may do.
   * @defaultValue the client's `oauth.scopes`
   */
  scopes?: readonly string[] | undefined;
  /**
   * Where Cal.com sends the browser. Cal.com compares it character for character with the registered ones.
   * @defaultValue the client's `oauth.redirectUri`
   */
  redirectUri?: string | undefined;
}

/** Input of {@link OAuthAccounts.link}. */
export interface LinkInput {
  /** The code that came back. It works once, for ten minutes. */
  code: string;
  /** What `authorizationUrl()` returned with the URL: needed for a public client, absent for a confidential one. */
  codeVerifier?: string | null | undefined;
  /** The same as for `authorizationUrl()`. */
  redirectUri?: string | undefined;
}

/** Options of {@link OAuthAccounts.link}. */
export interface LinkOptions extends CallOptions {
  /** Links this Cal.com account although the user has linked another one. */
  replace?: boolean | undefined;
  /** Takes the Cal.com account from the application user who has it. Only after that person confirmed it. */
  takeOver?: boolean | undefined;
}

/** The client's part of OAuth 2, resolved. */
export interface ResolvedOAuth {
  clientId: string;
  clientSecret: SecretSource<string> | undefined;
  redirectUri: string | undefined;
  scopes: readonly string[];
  authorizeUrl: string;
}

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
    const linked = this.#context.tokens.withLease(userId, () => this.#link(userId, grant, options));
    this.#context.options.waitUntil(linked);
    await linked;
    return this.#forUser(userId);
  }

  async #link(userId: string, grant: CodeGrant, options: LinkOptions): Promise<void> {
    const { tokens, store } = this.#context;
    const { timeoutMs, takeOver = false } = options;
    const existing = await store.get(userId);
    await assertKeepsDetails(store, existing);
    const issued = await this.#exchange(grant, { timeoutMs });
    const calUserId = accountOf(issued);
    assertReplaceable(existing, calUserId, options);
    const details = this.#detailsOf(calUserId, issued, existing, takeOver);
    const write = { userId, calUserId, ...tokenColumns(issued), details: toDetailsText(details) };
    // Before anything else: the code is used up, and these are the only tokens that came of it.
    const record = await storeLink(this.#context, write, { takeOver });
    tokens.forget(userId);
    await this.#storeEmail(record, { timeoutMs });
    tokens.forget(userId);
    this.#context.connections?.changed(userId);
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

  async #exchange(grant: CodeGrant, options: CallOptions): Promise<OAuthTokens> {
    const { clientId, clientSecret } = this.#options;
    try {
      return await exchangeCode(this.#sendToken, { clientId, clientSecret }, grant, {
        ...options,
        now: this.#now,
      });
    } catch (error) {
      throw exchangeError(error);
    }
  }

  /** The details of a new link. The rotation goes on from the record before, so that every process sees the change. */
  #detailsOf(
    calUserId: number,
    issued: OAuthTokens,
    existing: TokenRecord | null,
    takeOver: boolean,
  ): TokenDetails {
    const before = existing && detailsOf(existing);
    const previous = before?.grant === "managed" ? existing?.calUserId : before?.previousCalUserId;
    const email = existing?.calUserId === calUserId ? before?.email : undefined;
    // A refresh that was sent before may end these tokens yet.
    const mayBeEnded = before?.refreshSentAt !== undefined || takeOver;
    return {
      grant: "oauth",
      rotation: (before?.rotation ?? 0) + 1,
      clientId: this.#options.clientId,
      linkedAt: this.#now(),
      ...(issued.scopes && { scopes: issued.scopes }),
      ...(email !== undefined && { email }),
      ...(mayBeEnded && { confirmAt: this.#now() + CONFIRM_AFTER_MS }),
      ...(previous !== undefined && previous !== calUserId && { previousCalUserId: previous }),
    };
  }

  /** Adds the account's address, to show whom the user has linked. Left out without the scope, or if Cal.com fails now. */
  async #storeEmail(record: TokenRecord, options: CallOptions): Promise<void> {
    const { store, transport, options: client } = this.#context;
    const { calAccessToken: accessToken, calUserId, version: ifVersion } = record;
    try {
      const profile = await getProfile(
        (call) => transport.send(call, { kind: "bearer", accessToken }),
        options,
      );
      if (profile.id !== calUserId) return;
      await store.set(withDetails(record, { email: profile.email }), { ifVersion });
    } catch (error) {
      if (!(error instanceof CalError)) throw error;
      client.warn("calbridge: the address of a linked account could not be read", { error: error.code });
    }
  }
}

interface CodeGrant {
  code: string;
  codeVerifier: string | undefined;
  redirectUri: string;
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

/** The Cal.com user that the tokens act for. */
function accountOf({ accessToken }: OAuthTokens): number {
  if (teamIdIn(accessToken) !== null) {
    throw new CalLinkError(
      "A team was chosen at Cal.com. Calendars belong to a person: sign in as yourself and start again.",
      "team_account_not_supported",
    );
  }
  const calUserId = calUserIdIn(accessToken);
  if (calUserId !== null) return calUserId;
  throw new CalLinkError("Cal.com's access token does not say whose it is. Start again.", "code_rejected");
}

function assertReplaceable(existing: TokenRecord | null, calUserId: number, { replace }: LinkOptions): void {
  const isOther = existing !== null && existing.calUserId !== calUserId;
  if (!isOther || detailsOf(existing).grant !== "oauth" || replace) return;
  throw new CalLinkError(
    "The user has linked another Cal.com account, which stays linked. To link this one instead: { replace: true }.",
    "different_cal_account",
  );
}

function exchangeError(error: unknown): unknown {
  if (!(error instanceof CalApiError)) return error;
  const { apiCode, apiMessage = "" } = error;
  if (apiCode === "invalid_client" || apiCode === "unauthorized_client") {
    return clientRejected(apiMessage, "Nothing was linked.");
  }
  if (apiCode !== "invalid_grant" && apiCode !== "invalid_request") return error;
  const advice = /redirect_uri/.test(apiMessage)
    ? "redirectUri must equal a registered one character for character."
    : "A code works once, for ten minutes. Start again with authorizationUrl().";
  return new CalLinkError(
    `Cal.com did not accept the code (${apiMessage.slice(0, 80)}). ${advice}`,
    "code_rejected",
    { status: error.status, requestId: error.requestId },
  );
}
