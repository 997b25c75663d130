import type { ConnectionChange } from "./connections/types.js";
import type { ConnectionStore } from "./stores/connection-store.js";
import type { Telemetry } from "./lib/telemetry.js";
import type { CalRequestInfo, CalResponseInfo, Logger } from "./api/hooks.js";
import type { Secret } from "./lib/secret-source.js";
import type { ReauthorizationInfo } from "./tokens/reauthorization.js";
import type { TokenRefreshInfo } from "./tokens/token-events.js";
import type { TokenStore } from "./tokens/token-store.js";

/** Functions that the client calls as it works. None of them receives a secret; what they throw is logged. */
export interface CalHooks {
  /** Before each attempt of a request. */
  onRequest?: ((info: CalRequestInfo) => void) | undefined;
  /** After each attempt of a request. */
  onResponse?: ((info: CalResponseInfo) => void) | undefined;
  /** After each need for tokens that the cache and the store could not meet at once. */
  onTokenRefresh?: ((info: TokenRefreshInfo) => void) | undefined;
  /** Called when a user has to link the Cal.com account again (OAuth 2), once for each time. */
  onReauthorizationRequired?: ((info: ReauthorizationInfo) => void) | undefined;
  /**
   * Called by `cal.checkConnection()` and `cal.checkConnections()` when a connection broke, works again, or is gone: for
   * a client with a `connectionStore`. The client waits for it, up to a minute. A change counts as reported once it has resolved;
   * until then it is called again, with the same `id`, at later checks and in other processes: so store the `id`, or make
   * a second call harmless.
   */
  onConnectionChange?: ((change: ConnectionChange) => void | Promise<void>) | undefined;
}

/**
 * Options of {@link CalClient}. How users have accounts at Cal.com: `managedUsers` (a platform client creates them),
 * `oauth` (their own accounts), or both.
 */
export type CalClientOptions = CommonOptions & GrantOptions;

/** `managedUsers`, `oauth`, or both. */
export type GrantOptions =
  | { managedUsers: ManagedUsersOptions; oauth?: undefined; newUsers?: undefined }
  | { oauth: OAuthOptions; managedUsers?: undefined; newUsers?: undefined }
  | {
      managedUsers: ManagedUsersOptions;
      oauth: OAuthOptions;
      /** What a user without a record gets: a managed user, or the page to link their own Cal.com account. */
      newUsers: "managed" | "oauth";
    };

/** The options that every client has. */
export interface CommonOptions {
  /** Where users' tokens are kept. */
  tokenStore: TokenStore;
  /**
   * Where calbridge remembers users' connections: for `checkConnections()`, which notices those that break, and
   * restores what a reconnect would lose.
   * @defaultValue none: connections are not watched
   */
  connectionStore?: ConnectionStore | undefined;
  /**
   * Names the Cal.com server, if clients of several servers share one token store: up to 32 small letters, digits and
   * hyphens, always the same for a server. A record of another server is refused before any request.
   * @defaultValue `""`
   */
  serverId?: string | undefined;
  /**
   * Cal.com's API.
   * @defaultValue `https://api.cal.com/v2`
   */
  baseUrl?: string | undefined;
  /**
   * Allows a `baseUrl` that begins with `http://` and is not of this machine: others on the network can then read the
   * client's secret and all tokens. For a network that you trust, such as that of a container.
   * @defaultValue false
   */
  allowInsecure?: boolean | undefined;
  /**
   * Makes the requests: for a proxy, a test or the emulator.
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined;
  /**
   * Time limit of each attempt, its body included, and of waiting for a token; in milliseconds.
   * @defaultValue 10_000
   */
  timeoutMs?: number | undefined;
  /**
   * How often a request that may be repeated is repeated (after network faults, timeouts, 429, 502, 503 and 504), and
   * how long a wait that a 429 asks for may be, in milliseconds; a longer one is an error at once.
   * @defaultValue `{ limit: 2, maxWaitMs: 10_000 }`
   */
  retry?: { limit?: number | undefined; maxWaitMs?: number | undefined } | undefined;
  /**
   * A token with less life left than this is refreshed before it is used, in milliseconds; at most 45 minutes.
   * @defaultValue 60_000
   */
  refreshWindowMs?: number | undefined;
  /**
   * A token with less life left than this is used, and refreshed in the background, so that no call waits for a
   * refresh in steady traffic; in milliseconds, and at most a third of the token's life. `0`: never. Without `waitUntil`
   * it is off where a runtime stops work with the response (Workers, Lambda, Vercel, Netlify, Cloud Run).
   * @defaultValue 600_000 (10 minutes)
   */
  refreshAheadMs?: number | undefined;
  /**
   * Life that the token in a connect URL has left, in milliseconds, so that it outlives the user's time on the
   * consent page; at most 45 minutes.
   * @defaultValue 900_000 (15 minutes)
   */
  connectMinTtlMs?: number | undefined;
  /**
   * Size of the in-memory token cache, in users. `false`: no cache.
   * @defaultValue `{ maxUsers: 1000 }`
   */
  cache?: { maxUsers?: number | undefined } | false | undefined;
  /** Functions that the client calls when something happens. */
  hooks?: CalHooks | undefined;
  /** Where the client writes what it does, such as `console`. */
  logger?: Logger | undefined;
  /**
   * Receives traces and metrics: `openTelemetry()` of `calbridge/opentelemetry`.
   * @defaultValue none
   */
  telemetry?: Telemetry | undefined;
  /**
   * Is handed work that goes on after the call that began it, for runtimes that stop with the response: `waitUntil`
   * of `cloudflare:workers` or of `@vercel/functions`. The work never rejects.
   */
  waitUntil?: ((work: Promise<void>) => void) | undefined;
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
}

/** A platform client of Cal.com, from its platform settings. */
export interface ManagedUsersOptions {
  /** The client's id. */
  clientId: string;
  /**
   * The client's secret. Stays on the server. As a function it comes from a secret manager: it is called again after a
   * minute, and when Cal.com refuses the secret.
   */
  clientSecret: Secret;
  /**
   * Whether `ensureUser()` may adopt a managed user that has the same address and does not say for whom it was
   * created, as those of an integration written by hand do. Turn it on for the time of a migration only, and only if
   * the application has verified every address: an address may have been given to another person.
   * @defaultValue `false`
   */
  adoptUnowned?: boolean | undefined;
}

/** An OAuth client of Cal.com, whose users are people with Cal.com accounts of their own. */
export interface OAuthOptions {
  /** The client's id, from https://app.cal.com/settings/developer/oauth. */
  clientId: string;
  /**
   * The client's secret, or a function that returns it. Stays on the server. Without it the client is a public one, and
   * PKCE is used.
   */
  clientSecret?: Secret | undefined;
  /**
   * Where Cal.com sends the browser with a code; one of the client's registered redirect URIs, character for character.
   * @defaultValue none: `authorizationUrl()` and `link()` need it, and the handlers compute theirs
   */
  redirectUri?: string | undefined;
  /**
   * What the tokens may do. `[]` sends none, for older self-hosted servers.
   * @defaultValue `["APPS_READ", "APPS_WRITE", "PROFILE_READ"]`
   */
  scopes?: readonly string[] | undefined;
  /**
   * Cal.com's authorize page.
   * @defaultValue `https://app.cal.com/auth/oauth2/authorize`; required with another `baseUrl`
   */
  authorizeUrl?: string | undefined;
}
