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
}

/** Options of {@link CalClient}. */
export interface CalClientOptions {
  /** The platform client that the managed users belong to. */
  managedUsers: ManagedUsersOptions;
  /** Where users' tokens are kept. */
  tokenStore: TokenStore;
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
   * Life that the token in a connect URL has left, in milliseconds, so that it outlives the user's time on the
   * consent page; at most 45 minutes.
   * @defaultValue 900_000 (15 minutes)
   */
  connectMinTtlMs?: number | undefined;
  /**
   * How many users' tokens this process remembers, so that their calls ask the store nothing. `false`: none.
   * @defaultValue `{ maxUsers: 1000 }`
   */
  cache?: { maxUsers?: number | undefined } | false | undefined;
  /** Functions that are told what the client does. */
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
}

/** The options, all of them, with every default filled in. */
export interface ResolvedOptions extends Record<keyof CalClientOptions, unknown> {
  managedUsers: ManagedUsersOptions;
  tokenStore: TokenStore;
  baseUrl: string;
  allowInsecure: boolean;
  fetch: typeof fetch;
  timeoutMs: number;
  retry: { limit: number; maxWaitMs: number };
  refreshWindowMs: number;
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
  connectMinTtlMs: 15 * 60_000,
  cache: { maxUsers: 1000 },
};

/** The one place where defaults meet what the application gave. */
export function resolveOptions(options: CalClientOptions): ResolvedOptions {
  assertObject("The options", options, "{ managedUsers, tokenStore }");
  const cache =
    options.cache === false
      ? { maxUsers: 0 }
      : { maxUsers: options.cache?.maxUsers ?? defaults.cache.maxUsers };
  const logger = options.logger && guardLogger(options.logger);
  const resolved: ResolvedOptions = {
    managedUsers: options.managedUsers,
    tokenStore: options.tokenStore,
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
    connectMinTtlMs: options.connectMinTtlMs ?? defaults.connectMinTtlMs,
    cache,
    hooks: options.hooks ?? {},
    logger,
    // Should it throw, the work goes on all the same, for as long as the runtime lets it.
    waitUntil: (work) => callHook("waitUntil", options.waitUntil, work.then(ignore, ignore), logger),
    now: options.now ?? Date.now,
  };
  assertNames(options, Object.keys(resolved));
  resolved.managedUsers = resolveManagedUsers(options.managedUsers);
  assertTokenStore(resolved.tokenStore);
  assertTimeoutMs(resolved.timeoutMs);
  assertMs("retry.maxWaitMs", resolved.retry.maxWaitMs, { min: 0, max: MAX_TIMEOUT_MS });
  assertMs("refreshWindowMs", resolved.refreshWindowMs, { min: 0, max: MAX_TTL_MS });
  assertMs("connectMinTtlMs", resolved.connectMinTtlMs, { min: 0, max: MAX_TTL_MS });
  assertCount("retry.limit", resolved.retry.limit);
  assertCount("cache.maxUsers", resolved.cache.maxUsers);
  return resolved;
}

// Whoever waits for the work is told how it ended.
const ignore = (): void => undefined;

/** `CAL_CLIENT_ID`, `CAL_CLIENT_SECRET` and, if set, `CAL_API_URL`. */
export function optionsFromEnv(
  env: Record<string, string | undefined>,
): Pick<CalClientOptions, "managedUsers" | "baseUrl"> {
  const read = (name: string): string => env[name]?.trim() ?? "";
  const missing = ["CAL_CLIENT_ID", "CAL_CLIENT_SECRET"].filter((name) => !read(name));
  if (missing.length > 0) {
    throw new CalValidationError(
      `Not set in the environment: ${missing.join(", ")}. ` +
        "Cal.com's platform settings show both; the emulator's: test-client, test-secret.",
    );
  }
  return {
    managedUsers: { clientId: read("CAL_CLIENT_ID"), clientSecret: read("CAL_CLIENT_SECRET") },
    baseUrl: read("CAL_API_URL") || undefined,
  };
}

function resolveManagedUsers(options: unknown): ManagedUsersOptions {
  assertObject("managedUsers", options, "{ clientId, clientSecret }");
  const { clientId, clientSecret } = options as Partial<ManagedUsersOptions>;
  assertNames(options, ["clientId", "clientSecret"], "managedUsers.");
  assertCredential("managedUsers.clientId", clientId);
  assertCredential("managedUsers.clientSecret", clientSecret);
  return { clientId, clientSecret };
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
