import { callHook, guardLogger, type Logger } from "./api/hooks.js";
import type {
  CalClientOptions,
  CalHooks,
  CommonOptions,
  ManagedUsersOptions,
  OAuthOptions,
} from "./client-options.js";
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
import { isLongLived } from "./lib/env.js";
import { assertSecure } from "./lib/http-url.js";
import { SecretSource, type Secret } from "./lib/secret-source.js";
import type { Telemetry } from "./lib/telemetry.js";
import type { ConnectionStore } from "./stores/connection-store.js";
import { MAX_TTL_MS } from "./tokens/token-record.js";
import type { TokenStore } from "./tokens/token-store.js";
import { assertRedirectUri, assertScopes } from "./users/oauth-input.js";
import type { ResolvedOAuth } from "./users/oauth-types.js";

/** {@link ManagedUsersOptions} with every default filled in. */
interface ResolvedManagedUsers {
  clientId: string;
  clientSecret: SecretSource<string>;
  adoptUnowned: boolean;
}

/** The options, all of them, with every default filled in. */
export interface ResolvedOptions extends Record<OptionName, unknown> {
  managedUsers: ResolvedManagedUsers | undefined;
  oauth: ResolvedOAuth | undefined;
  newUsers: "managed" | "oauth";
  tokenStore: TokenStore;
  connectionStore: ConnectionStore | undefined;
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
  telemetry: Telemetry | undefined;
  /** Whether work that no caller waits for is carried out to its end. */
  hasBackground: boolean;
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
  connectionStore: true,
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
  telemetry: true,
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
  const { telemetry } = options;
  // Looked up at each call, so that a fetch that is patched later (by nock, by a tracer) is used.
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  assertTelemetry(telemetry);
  const hasBackground = options.waitUntil !== undefined || isLongLived();
  const resolved: ResolvedOptions = {
    managedUsers: options.managedUsers === undefined ? undefined : resolveManagedUsers(options.managedUsers),
    oauth: options.oauth === undefined ? undefined : resolveOAuth(options.oauth, options),
    newUsers: resolveNewUsers(options),
    tokenStore: options.tokenStore,
    connectionStore: options.connectionStore,
    serverId: options.serverId ?? "",
    baseUrl: toBaseUrl(options.baseUrl ?? defaults.baseUrl, options.allowInsecure === true),
    allowInsecure: options.allowInsecure === true,
    fetch: telemetry ? telemetry.wrapFetch(fetch) : fetch,
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    retry: {
      limit: options.retry?.limit ?? defaults.retry.limit,
      maxWaitMs: options.retry?.maxWaitMs ?? defaults.retry.maxWaitMs,
    },
    refreshWindowMs: options.refreshWindowMs ?? defaults.refreshWindowMs,
    refreshAheadMs: hasBackground ? (options.refreshAheadMs ?? defaults.refreshAheadMs) : 0,
    connectMinTtlMs: options.connectMinTtlMs ?? defaults.connectMinTtlMs,
    cache,
    hooks: options.hooks ?? {},
    logger,
    telemetry,
    hasBackground,
    // Should it throw, the work goes on all the same, for as long as the runtime lets it.
    waitUntil: (work) => callHook("waitUntil", options.waitUntil, work.then(ignore, ignore), logger),
    now: options.now ?? Date.now,
  };
  assertStore("tokenStore", resolved.tokenStore, ["get", "set", "delete"], "memoryTokenStore()");
  if (resolved.connectionStore !== undefined) {
    const methods = ["get", "set", "claimDue", "makeDue", "delete"];
    assertStore("connectionStore", resolved.connectionStore, methods, "memoryConnectionStore()");
  }
  assertTimeoutMs(resolved.timeoutMs);
  assertMs("retry.maxWaitMs", resolved.retry.maxWaitMs, { min: 0, max: MAX_TIMEOUT_MS });
  assertMs("refreshWindowMs", resolved.refreshWindowMs, { min: 0, max: MAX_TTL_MS });
  assertMs("refreshAheadMs", options.refreshAheadMs ?? 0, { min: 0, max: MAX_TTL_MS });
  assertServerId(resolved.serverId);
  assertMs("connectMinTtlMs", resolved.connectMinTtlMs, { min: 0, max: MAX_TTL_MS });
  assertCount("retry.limit", resolved.retry.limit);
  assertCount("cache.maxUsers", resolved.cache.maxUsers);
  return resolved;
}

// The caller that waits for the work gets its error.
const ignore = (): void => undefined;

export const DEFAULT_SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];
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
      'With managedUsers and oauth, newUsers must be "managed" or "oauth": what a user without a record gets. In the environment: CAL_NEW_USERS.',
    );
  }
  if (newUsers !== undefined) {
    throw new CalValidationError("newUsers is only for a client with managedUsers and oauth.");
  }
  return managedUsers ? "managed" : "oauth";
}

function resolveOAuth(
  options: unknown,
  { baseUrl, allowInsecure = false }: Pick<CommonOptions, "baseUrl" | "allowInsecure">,
): ResolvedOAuth {
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
  if (redirectUri !== undefined) assertRedirectUri("oauth.redirectUri", redirectUri);
  assertScopes("oauth.scopes", scopes);
  if (authorizeUrl === undefined && baseUrl !== undefined && toBaseUrl(baseUrl, true) !== defaults.baseUrl) {
    throw new CalValidationError(
      "With another baseUrl, oauth.authorizeUrl is required: the page of that server's web application, such as https://cal.example/auth/oauth2/authorize.",
    );
  }
  // The code passes through this page.
  if (authorizeUrl !== undefined) {
    assertSecure("oauth.authorizeUrl", toHttpUrl("oauth.authorizeUrl", authorizeUrl), allowInsecure);
  }
  return {
    clientId,
    clientSecret: clientSecret === undefined ? undefined : secretOf("oauth.clientSecret", clientSecret),
    redirectUri,
    scopes,
    authorizeUrl: authorizeUrl ?? CLOUD_AUTHORIZE_URL,
  };
}

function resolveManagedUsers(options: unknown): ResolvedManagedUsers {
  assertObject("managedUsers", options, "{ clientId, clientSecret }");
  const { clientId, clientSecret, adoptUnowned = false } = options as Partial<ManagedUsersOptions>;
  assertNames(options, ["clientId", "clientSecret", "adoptUnowned"], "managedUsers.");
  assertCredential("managedUsers.clientId", clientId);
  if (typeof adoptUnowned !== "boolean") {
    throw new CalValidationError("managedUsers.adoptUnowned must be true or false.");
  }
  return { clientId, clientSecret: secretOf("managedUsers.clientSecret", clientSecret), adoptUnowned };
}

/** A missing secret is refused like one that is not valid. */
function secretOf(name: string, secret: Secret | undefined): SecretSource<string> {
  return new SecretSource(name, secret as Secret, (value) => {
    assertCredential(name, value);
    return value;
  });
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

function assertStore(option: string, store: unknown, methods: readonly string[], example: string): void {
  if (hasMethods(store, methods)) return;
  const names = `${methods.slice(0, -1).join(", ")} and ${methods.at(-1) ?? ""}`;
  throw new CalValidationError(`${option} must have the methods ${names}. For a first try: ${example}.`);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === "function");
}

function assertTelemetry(telemetry: unknown): void {
  if (telemetry === undefined || hasMethods(telemetry, ["trace", "count", "wrapFetch"])) return;
  throw new CalValidationError("telemetry must be what openTelemetry() of calbridge/opentelemetry returns.");
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
