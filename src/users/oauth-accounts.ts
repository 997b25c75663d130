import * as base64url from "jose/base64url";
import { getProfile } from "../api/endpoints/managed-users.js";
import { exchangeCode, type OAuthTokens } from "../api/endpoints/oauth-tokens.js";
import type { CallOptions, Send } from "../api/request.js";
import { calUserIdIn, teamIdIn } from "../api/token-claims.js";
import { CalApiError, CalError, CalLinkError, CalStoreError, CalUserInUseError } from "../errors.js";
import { clientRejected } from "../grants/oauth-grant.js";
import { assertHttpUrl, assertObject, assertText, assertUserId } from "../lib/assert.js";
import { sha256 } from "../lib/digest.js";
import type { CheckedWrite } from "../tokens/checked-store.js";
import { detailsOf, toDetailsText, type TokenDetails } from "../tokens/details.js";
import { tokenColumns } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import type { CalUser } from "./cal-user.js";
import type { UserContext } from "./context.js";

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
  clientSecret: string | undefined;
  redirectUri: string | undefined;
  scopes: readonly string[];
  authorizeUrl: string;
}

const MAX_WRITE_ATTEMPTS = 4;

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
   */
  async link(userId: string, input: LinkInput, options: LinkOptions = {}): Promise<CalUser> {
    assertUserId(userId);
    assertObject("The input", input, "{ code }");
    assertText("code", input.code);
    const redirectUri = this.#redirectUri(input.redirectUri);
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const { tokens, store } = this.#context;
    // A refresh in flight would end the new tokens: Cal.com ends all others of this user and client.
    const linked = tokens.withLease(userId, async () => {
      const existing = await store.get(userId);
      const issued = await this.#exchange(input, redirectUri, { timeoutMs });
      const calUserId = accountOf(issued);
      assertReplaceable(existing, calUserId, options);
      const write = await this.#recordOf(userId, calUserId, issued, existing, { timeoutMs });
      await this.#store(write, options);
      tokens.forget(userId);
    });
    this.#context.options.waitUntil(linked);
    await linked;
    return this.#forUser(userId);
  }

  #redirectUri(given: string | undefined): string {
    const redirectUri = given ?? this.#options.redirectUri;
    assertHttpUrl("redirectUri", redirectUri);
    return redirectUri;
  }

  async #exchange(input: LinkInput, redirectUri: string, options: CallOptions): Promise<OAuthTokens> {
    const { clientId, clientSecret } = this.#options;
    const codeVerifier = input.codeVerifier ?? undefined;
    // Cal.com refuses both together, and a public client without a verifier.
    if ((codeVerifier === undefined) === (clientSecret === undefined)) {
      throw new CalLinkError(
        clientSecret === undefined
          ? "codeVerifier is missing: a client without a secret uses PKCE. Keep what authorizationUrl() returned."
          : "codeVerifier must be absent: Cal.com accepts no PKCE from a client with a secret.",
        "code_rejected",
      );
    }
    try {
      return await exchangeCode(
        this.#sendToken,
        { clientId, clientSecret },
        { code: input.code, redirectUri, codeVerifier },
        { ...options, now: this.#now },
      );
    } catch (error) {
      throw exchangeError(error);
    }
  }

  /** The record of a linked account. Its rotation goes on from the one before, so that no other process misses it. */
  async #recordOf(
    userId: string,
    calUserId: number,
    issued: OAuthTokens,
    existing: TokenRecord | null,
    options: CallOptions,
  ): Promise<CheckedWrite> {
    const before = existing && detailsOf(existing);
    const previous = before?.grant === "managed" ? existing?.calUserId : before?.previousCalUserId;
    const email = await this.#emailOf(issued, calUserId, options);
    const details: TokenDetails = {
      grant: "oauth",
      rotation: (before?.rotation ?? 0) + 1,
      clientId: this.#options.clientId,
      linkedAt: this.#now(),
      ...(issued.scopes && { scopes: issued.scopes }),
      ...(email !== null && { email }),
      ...(previous !== undefined && previous !== calUserId && { previousCalUserId: previous }),
    };
    return { userId, calUserId, ...tokenColumns(issued), details: toDetailsText(details) };
  }

  /** The account's address, to show whom the user has linked. `null` without the scope, or if Cal.com fails now. */
  async #emailOf(
    { accessToken }: OAuthTokens,
    calUserId: number,
    options: CallOptions,
  ): Promise<string | null> {
    const { transport, options: client } = this.#context;
    try {
      const profile = await getProfile(
        (call) => transport.send(call, { kind: "bearer", accessToken }),
        options,
      );
      return profile.id === calUserId ? profile.email : null;
    } catch (error) {
      if (!(error instanceof CalError)) throw error;
      client.warn("calbridge: the address of a linked account could not be read", { error: error.code });
      return null;
    }
  }

  async #store(write: CheckedWrite, options: LinkOptions): Promise<void> {
    const { store } = this.#context;
    for (let attempts = 0; attempts < MAX_WRITE_ATTEMPTS; attempts += 1) {
      const current = await store.get(write.userId);
      const written = await this.#writeOrTakeOver(write, current, options);
      if (!written) continue;
      if (written.details === write.details) return;
      await store.delete(write.userId);
      throw new CalStoreError(
        "The token store does not keep `details`, which OAuth 2 needs. Nothing was linked. Add the column: npx calbridge schema.",
      );
    }
    throw new CalStoreError("The user's record changed during every attempt to link. Start again.");
  }

  async #writeOrTakeOver(
    write: CheckedWrite,
    current: TokenRecord | null,
    options: LinkOptions,
  ): Promise<TokenRecord | null> {
    const { store, tokens } = this.#context;
    const ifVersion = current?.version ?? null;
    try {
      return await store.set(write, { ifVersion });
    } catch (error) {
      if (!(error instanceof CalUserInUseError)) throw error;
      if (!options.takeOver) {
        throw new CalLinkError(
          "Another of the application's users has linked this Cal.com account. If that is the same person: link with { takeOver: true }.",
          "cal_account_in_use",
        );
      }
    }
    const holder = await store.findUser(write.calUserId);
    if (holder === null) return null;
    await tokens.withLease(holder, async () => {
      await store.delete(holder);
      tokens.forget(holder);
    });
    return store.set(write, { ifVersion });
  }
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
  if (apiCode === "invalid_client" || apiCode === "unauthorized_client") return clientRejected(apiMessage);
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
