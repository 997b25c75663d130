import type { ReauthorizationInfo } from "./tokens/reauthorization.js";
import type { ResolvedOAuth } from "./users/oauth-accounts.js";
import { isLongLived } from "./lib/env.js";
import {
  guardLogger,
  callHook,
  type Logger,
  type CalRequestInfo,
  type CalResponseInfo,
} from "./api/hooks.js";
import { CalValidationError } from "./errors.js";
import {
  assertMs,
  assertNames,
  assertObject,
  assertText,
  assertTimeoutMs,
  MAX_TIMEOUT_MS,
  toHttpUrl,
} from "./lib/assert.js";
import { assertHttpUrl } from "./lib/assert.js";
import { assertSecure } from "./lib/http-url.js";
import type { TokenRefreshInfo } from "./tokens/token-events.js";
import { MAX_TTL_MS } from "./tokens/token-record.js";
import type { TokenStore } from "./tokens/token-store.js";

/** Functions that are told what the client does. None of them is told a secret; what they throw is logged. */
export interface CalHooks {
  /** Before each attempt of a request. */
  onRequest?: ((info: CalRequestInfo) => void) | undefined;
  /** After each attempt of a request. */
  onResponse?: ((info: CalResponseInfo) => void) | undefined;
  /** After each need for tokens that the cache and the store could not meet at once. */
  onTokenRefresh?: ((info: TokenRefreshInfo) => void) | undefined;
  /** Called when a user has to link the Cal.com account again (OAuth 2), once for each time. */
  onReauthorizationRequired?: ((info: ReauthorizationInfo) => void) | undefined;
}

/**
 * Options of {@link CalClient}. How users have accounts at Cal.com: `managedUsers` (a platform client creates them),
 * `oauth` (their own accounts), or both.
 */
export type CalClientOptions = CommonOptions & GrantOptions;

/** {@link CalClientOptions.managedUsers}, {@link CalClientOptions.oauth}, or both. */
export type GrantOptions =
  | { managedUsers: ManagedUsersOptions; oauth?: undefined; newUsers?: undefined }
  | { oauth: OAuthOptions; managedUsers?: undefined; newUsers?: undefined }
  | {
      managedUsers: ManagedUsersOptions;
      oauth: OAuthOptions;
      /** What a user without a record gets: a managed user, or the page to link an own Cal.com account. */
      newUsers: "managed" | "oauth";
    };

/** The options that every client has. */
export interface CommonOptions {
  /** Where users' tokens are kept. */
  tokenStore: TokenStore;
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
  /** The client's secret. Stays on the server. */
  clientSecret: string;
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
  /** The client's secret. Stays on the server. Without it the client is a public one, and PKCE is used. */
  clientSecret?: string | undefined;
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

/** {@link ManagedUsersOptions} with every default filled in. */
interface ResolvedManagedUsers {
  clientId: string;
  clientSecret: string;
  adoptUnowned: boolean;
}

/** The options, all of them, with every default filled in. */
export interface ResolvedOptions extends Record<OptionName, unknown> {
  managedUsers: ResolvedManagedUsers | undefined;
  oauth: ResolvedOAuth | undefined;
  newUsers: "managed" | "oauth";
  tokenStore: TokenStore;
  serverId: string;
  baseUrl: string;
  allowInsecure: boolean;
  fetch: typeof fetch;
  timeoutMs: number;
  retry: { limit: number; maxWaitMs: number };
  refreshWindowMs: number;
  refreshAheadMs: number;
  connectMinTtlMs: number;
  cache: { maxUsers: number };
  hooks: CalHooks;
  logger: Logger | undefined;
  waitUntil: (work: Promise<unknown>) => void;
  now: () => number;
}

const defaults = {
  baseUrl: "https://api.cal.com/v2",
  timeoutMs: 10_000,
  retry: { limit: 2, maxWaitMs: 10_000 },
  refreshWindowMs: 60_000,
  refreshAheadMs: 10 * 60_000,
  connectMinTtlMs: 15 * 60_000,
  cache: { maxUsers: 1000 },
};

type OptionName = keyof CommonOptions | "managedUsers" | "oauth" | "newUsers";

const names: Record<OptionName, true> = {
  managedUsers: true,
  oauth: true,
  newUsers: true,
  tokenStore: true,
  serverId: true,
  baseUrl: true,
  allowInsecure: true,
  fetch: true,
  timeoutMs: true,
  retry: true,
  refreshWindowMs: true,
  refreshAheadMs: true,
  connectMinTtlMs: true,
  cache: true,
  hooks: true,
  logger: true,
  waitUntil: true,
  now: true,
};
const optionNames = Object.keys(names);

/** The one place where defaults meet what the application gave. */
export function resolveOptions(options: CalClientOptions): ResolvedOptions {
  assertObject("The options", options, "{ managedUsers, tokenStore } or { oauth, tokenStore }");
  assertNames(options, optionNames);
  const cache =
    options.cache === false
      ? { maxUsers: 0 }
      : { maxUsers: options.cache?.maxUsers ?? defaults.cache.maxUsers };
  const logger = options.logger && guardLogger(options.logger);
  const resolved: ResolvedOptions = {
    managedUsers: options.managedUsers === undefined ? undefined : resolveManagedUsers(options.managedUsers),
    oauth: options.oauth === undefined ? undefined : resolveOAuth(options.oauth, options.baseUrl),
    newUsers: resolveNewUsers(options),
    tokenStore: options.tokenStore,
    serverId: options.serverId ?? "",
    baseUrl: toBaseUrl(options.baseUrl ?? defaults.baseUrl, options.allowInsecure === true),
    allowInsecure: options.allowInsecure === true,
    // Looked up at each call, so that a fetch that is patched later (by nock, by a tracer) is used.
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    retry: {
      limit: options.retry?.limit ?? defaults.retry.limit,
      maxWaitMs: options.retry?.maxWaitMs ?? defaults.retry.maxWaitMs,
    },
    refreshWindowMs: options.refreshWindowMs ?? defaults.refreshWindowMs,
    // In the background only where work that no caller waits for is not stopped.
    refreshAheadMs:
      options.waitUntil || isLongLived() ? (options.refreshAheadMs ?? defaults.refreshAheadMs) : 0,
    connectMinTtlMs: options.connectMinTtlMs ?? defaults.connectMinTtlMs,
    cache,
    hooks: options.hooks ?? {},
    logger,
    // Should it throw, the work goes on all the same, for as long as the runtime lets it.
    waitUntil: (work) => callHook("waitUntil", options.waitUntil, work.then(ignore, ignore), logger),
    now: options.now ?? Date.now,
  };
  assertTokenStore(resolved.tokenStore);
  assertTimeoutMs(resolved.timeoutMs);
  assertMs("retry.maxWaitMs", resolved.retry.maxWaitMs, { min: 0, max: MAX_TIMEOUT_MS });
  assertMs("refreshWindowMs", resolved.refreshWindowMs, { min: 0, max: MAX_TTL_MS });
  assertMs("refreshAheadMs", resolved.refreshAheadMs, { min: 0, max: MAX_TTL_MS });
  assertServerId(resolved.serverId);
  assertMs("connectMinTtlMs", resolved.connectMinTtlMs, { min: 0, max: MAX_TTL_MS });
  assertCount("retry.limit", resolved.retry.limit);
  assertCount("cache.maxUsers", resolved.cache.maxUsers);
  return resolved;
}

// Whoever waits for the work is told how it ended.
const ignore = (): void => undefined;

/** What the environment says of the client's options. */
export type EnvOptions = Pick<CalClientOptions, "baseUrl"> & {
  managedUsers?: ManagedUsersOptions | undefined;
  oauth?: OAuthOptions | undefined;
};

/**
 * `CAL_CLIENT_ID` and `CAL_CLIENT_SECRET`, `CAL_OAUTH_CLIENT_ID` and the rest of OAuth 2, or both; `CAL_API_URL`.
 *
 * @throws `CalValidationError` that names the missing variables.
 */
export function optionsFromEnv(env: Record<string, string | undefined>): EnvOptions {
  const read = (name: string): string | undefined => env[name]?.trim() || undefined;
  const clientId = read("CAL_CLIENT_ID");
  const clientSecret = read("CAL_CLIENT_SECRET");
  const oauthClientId = read("CAL_OAUTH_CLIENT_ID");
  const isPlatform = clientId !== undefined || clientSecret !== undefined || oauthClientId === undefined;
  const missing = [
    ...(isPlatform && clientId === undefined ? ["CAL_CLIENT_ID"] : []),
    ...(isPlatform && clientSecret === undefined ? ["CAL_CLIENT_SECRET"] : []),
  ];
  if (missing.length > 0) {
    throw new CalValidationError(
      `Not set in the environment: ${missing.join(", ")}. ` +
        "Cal.com's platform settings show both; the emulator's: test-client, test-secret. For OAuth 2: CAL_OAUTH_CLIENT_ID.",
    );
  }
  const baseUrl = read("CAL_API_URL");
  return {
    ...(isPlatform && { managedUsers: { clientId: clientId ?? "", clientSecret: clientSecret ?? "" } }),
    ...(oauthClientId !== undefined && {
      oauth: {
        clientId: oauthClientId,
        clientSecret: read("CAL_OAUTH_CLIENT_SECRET"),
        redirectUri: read("CAL_OAUTH_REDIRECT_URI"),
        // Set and empty: no scopes, for older servers.
        scopes: env["CAL_OAUTH_SCOPES"]?.split(/[\s,]+/).filter((scope) => scope !== ""),
        authorizeUrl: read("CAL_AUTHORIZE_URL"),
      },
    }),
    ...(baseUrl !== undefined && { baseUrl }),
  };
}

const DEFAULT_SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];
const CLOUD_AUTHORIZE_URL = "https://app.cal.com/auth/oauth2/authorize";

function resolveNewUsers(options: CalClientOptions): "managed" | "oauth" {
  const { managedUsers, oauth, newUsers } = options as {
    managedUsers?: object;
    oauth?: object;
    newUsers?: unknown;
  };
  if (!managedUsers && !oauth) {
    throw new CalValidationError(
      "Give managedUsers: { clientId, clientSecret } (a platform client) or oauth: { clientId, ... } (an OAuth client), or both.",
    );
  }
  if (managedUsers && oauth) {
    if (newUsers === "managed" || newUsers === "oauth") return newUsers;
    throw new CalValidationError(
      'With managedUsers and oauth, newUsers must be "managed" or "oauth": what a user without a record gets.',
    );
  }
  if (newUsers !== undefined) {
    throw new CalValidationError("newUsers is only for a client with managedUsers and oauth.");
  }
  return managedUsers ? "managed" : "oauth";
}

function resolveOAuth(options: unknown, baseUrl: string | undefined): ResolvedOAuth {
  assertObject("oauth", options, "{ clientId, clientSecret, redirectUri, scopes }");
  assertNames(options, ["clientId", "clientSecret", "redirectUri", "scopes", "authorizeUrl"], "oauth.");
  const {
    clientId,
    clientSecret,
    redirectUri,
    authorizeUrl,
    scopes = DEFAULT_SCOPES,
  } = options as OAuthOptions;
  assertCredential("oauth.clientId", clientId);
  if (clientSecret !== undefined) assertCredential("oauth.clientSecret", clientSecret);
  if (redirectUri !== undefined) assertHttpUrl("oauth.redirectUri", redirectUri);
  if (
    !Array.isArray(scopes) ||
    !scopes.every((scope) => typeof scope === "string" && /^[A-Z_]+$/.test(scope))
  ) {
    throw new CalValidationError('oauth.scopes must be a list of scopes such as "APPS_READ".');
  }
  if (authorizeUrl === undefined && baseUrl !== undefined && toBaseUrl(baseUrl, true) !== defaults.baseUrl) {
    throw new CalValidationError(
      "With another baseUrl, oauth.authorizeUrl is required: the page of that server's web application, such as https://cal.example/auth/oauth2/authorize.",
    );
  }
  if (authorizeUrl !== undefined) assertHttpUrl("oauth.authorizeUrl", authorizeUrl);
  return { clientId, clientSecret, redirectUri, scopes, authorizeUrl: authorizeUrl ?? CLOUD_AUTHORIZE_URL };
}

function resolveManagedUsers(options: unknown): ResolvedManagedUsers {
  assertObject("managedUsers", options, "{ clientId, clientSecret }");
  const { clientId, clientSecret, adoptUnowned = false } = options as Partial<ManagedUsersOptions>;
  assertNames(options, ["clientId", "clientSecret", "adoptUnowned"], "managedUsers.");
  assertCredential("managedUsers.clientId", clientId);
  assertCredential("managedUsers.clientSecret", clientSecret);
  if (typeof adoptUnowned !== "boolean") {
    throw new CalValidationError("managedUsers.adoptUnowned must be true or false.");
  }
  return { clientId, clientSecret, adoptUnowned };
}

function assertServerId(value: unknown): void {
  if (typeof value === "string" && /^[a-z0-9-]{0,32}$/.test(value)) return;
  throw new CalValidationError("serverId must have up to 32 small letters, digits and hyphens.");
}

// They travel in headers, and a runtime's own complaint about a bad header value repeats the value.
function assertCredential(name: string, value: unknown): asserts value is string {
  assertText(name, value);
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new CalValidationError(`${name} must not contain spaces, line ends or characters outside ASCII.`);
  }
}

function assertTokenStore(store: unknown): void {
  const methods = ["get", "set", "delete"];
  const isStore =
    typeof store === "object" &&
    store !== null &&
    methods.every((name) => typeof Reflect.get(store, name) === "function");
  if (!isStore) {
    throw new CalValidationError(
      "tokenStore must have the methods get, set and delete. For a first try: memoryTokenStore().",
    );
  }
}

function assertCount(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new CalValidationError(`${name} must be a whole number of 0 or more.`);
  }
}

function toBaseUrl(value: unknown, allowInsecure: boolean): string {
  const url = toHttpUrl("baseUrl", value);
  if (url.search !== "" || url.hash !== "")
    throw new CalValidationError("baseUrl must not have a query or a fragment.");
  assertSecure("baseUrl", url, allowInsecure);
  return url.href.replace(/\/+$/, "");
}
