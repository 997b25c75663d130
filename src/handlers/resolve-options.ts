import type { CalClient, Logger, OAuthProvider } from "../index.js";
import { CalValidationError } from "../errors.js";
import { assertMs, assertNames, assertObject, assertText, MAX_TIMEOUT_MS, toHttpUrl } from "../lib/assert.js";
import { assertSecure } from "../lib/http-url.js";
import { isWeakSecret } from "../lib/secret-strength.js";
import type { Telemetry } from "../lib/telemetry.js";
import { hideProperties } from "./events.js";
import { appPathOf, resolveAppUrl } from "./http/app-url.js";
import { createEncryptedJson, type EncryptedJson } from "./oauth/encrypted-json.js";
import type { CalHandlersOptions, CronOptions } from "./options.js";

/** The options, validated, with all defaults. */
export interface ResolvedHandlersOptions {
  client: CalHandlersOptions["client"];
  authenticate: CalHandlersOptions["authenticate"];
  encryptedJson: EncryptedJson;
  appUrl: URL;
  /** Path prefixes of the requests: with and without the path of `appUrl`, as some proxies remove that. */
  basePaths: readonly string[];
  redirectUris: Record<OAuthProvider, string>;
  linkRedirectUri: string;
  successUrl: string;
  errorUrl: string;
  trustedOrigins: ReadonlySet<string>;
  exposeAccessToken: boolean;
  maxBodyBytes: number;
  telemetry: Telemetry | undefined;
  /** Takes work that no request waits for. `undefined` where the runtime may stop it. */
  background: CalClient["background"];
  /** `null`: the route is off. */
  cron: (CronOptions & { secret: string; timeBudgetMs: number }) | null;
  onConnected: NonNullable<CalHandlersOptions["onConnected"]>;
  onDisconnected: NonNullable<CalHandlersOptions["onDisconnected"]>;
  onLinked: CalHandlersOptions["onLinked"];
  onUnlinked: CalHandlersOptions["onUnlinked"];
  onError: CalHandlersOptions["onError"];
  logger: Logger | undefined;
  now: () => number;
}

/** The path under which the routes are mounted by default. */
export const DEFAULT_BASE_PATH = "/api/cal";
const DEFAULT_MAX_BODY_BYTES = 16_384;

/** Validates the options and fills in the defaults. */
export function resolveHandlersOptions(options: CalHandlersOptions): ResolvedHandlersOptions {
  assertObject("The options", options, "{ client, authenticate, stateSecret, appUrl, successUrl }");
  assertNames(options, handlersOptionNames);
  const { client, authenticate, onConnected, onDisconnected, onLinked, onUnlinked, onError } = options;
  assertMethods("client", client, ["ensureUser", "forUser"]);
  assertText("client.clientId", client.clientId);
  assertMethods("options", options, ["authenticate"]);
  const urls = resolveUrls(options);
  // Not in the published types. A client of an older copy of the package has none.
  const { telemetry, background } = client as Partial<Pick<CalClient, "telemetry" | "background">>;
  return {
    client,
    authenticate,
    // The state of another application, or of another stage of this one, does not decrypt here.
    encryptedJson: createEncryptedJson(options.stateSecret, [urls.appUrl.href, client.clientId]),
    ...urls,
    exposeAccessToken: options.exposeAccessToken === true,
    maxBodyBytes: toMaxBodyBytes(options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES),
    cron: resolveCron(options),
    telemetry,
    background,
    onConnected: (event) => {
      telemetry?.count({ name: "connection_change", provider: event.provider, status: "connected" });
      return onConnected?.(hideProperties(event, ["request"]));
    },
    onDisconnected: (event) => {
      telemetry?.count({ name: "connection_change", provider: event.provider, status: "disconnected" });
      return onDisconnected?.(hideProperties(event, ["request"]));
    },
    onLinked: onLinked && ((event) => onLinked(hideProperties(event, ["request"]))),
    onUnlinked: onUnlinked && ((event) => onUnlinked(hideProperties(event, ["request"]))),
    onError,
    logger: options.logger ?? (onError ? undefined : globalThis.console),
    now: options.now ?? Date.now,
  };
}

const DEFAULT_TIME_BUDGET_MS = 20_000;
const MIN_SECRET_LENGTH = 16;

function resolveCron({
  client,
  cronSecret: secret,
  cron = {},
}: CalHandlersOptions): ResolvedHandlersOptions["cron"] {
  assertObject("cron", cron, "{ timeBudgetMs, maxPerMinute, concurrency }");
  assertNames(cron, ["timeBudgetMs", "maxPerMinute", "concurrency"], "cron.");
  const { timeBudgetMs = DEFAULT_TIME_BUDGET_MS } = cron;
  assertMs("cron.timeBudgetMs", timeBudgetMs, { min: 1, max: MAX_TIMEOUT_MS });
  if (secret === undefined) return null;
  if (typeof secret !== "string" || secret.length < MIN_SECRET_LENGTH || isWeakSecret(secret)) {
    throw new CalValidationError(
      `cronSecret must have ${MIN_SECRET_LENGTH} characters or more, made at random: openssl rand -base64 32 makes one.`,
    );
  }
  assertMethods("client", client, ["checkConnections"]);
  return { ...cron, secret, timeBudgetMs };
}

type ResolvedUrls = Pick<
  ResolvedHandlersOptions,
  "appUrl" | "basePaths" | "redirectUris" | "linkRedirectUri" | "successUrl" | "errorUrl" | "trustedOrigins"
>;

function resolveUrls(options: CalHandlersOptions): ResolvedUrls {
  const allowInsecure = options.allowInsecure === true;
  const appUrl = toAppUrl(options.appUrl, allowInsecure);
  const resolve = (name: string, value: unknown): URL => {
    const url = resolveAppUrl(value, appUrl);
    if (!url) {
      throw new CalValidationError(
        `${name} must be a path that begins with one /, or an absolute URL that begins with https:// or http:// and holds no user name or password.`,
      );
    }
    assertSecure(name, url, allowInsecure);
    return url;
  };
  const origins = (options.allowedOrigins ?? []).map((origin) => toOrigin(origin, allowInsecure));
  const trustedOrigins = new Set([appUrl.origin, ...origins]);
  const basePath = toBasePath(options.basePath ?? DEFAULT_BASE_PATH);
  const publicPath = appPathOf(appUrl) + basePath;
  const redirectUri = (name: string, value: string | undefined, route: string): string => {
    const url = value === undefined ? withPath(appUrl, publicPath + route) : resolve(name, value);
    // Cal.com compares it character for character with what is registered.
    if (trustedOrigins.has(url.origin)) return value?.startsWith("http") ? value : url.href;
    throw new CalValidationError(`${name} must have appUrl's origin, or one of allowedOrigins.`);
  };
  const successUrl = resolve("successUrl", options.successUrl).href;
  return {
    appUrl,
    basePaths: options.basePathStripped === true ? [""] : [...new Set([publicPath, basePath])],
    redirectUris: {
      google: redirectUri("googleRedirectUri", options.googleRedirectUri, "/gcal-oauth-redirect"),
      office365: redirectUri("officeRedirectUri", options.officeRedirectUri, "/office-oauth-redirect"),
    },
    linkRedirectUri: redirectUri("linkRedirectUri", options.linkRedirectUri, "/oauth/callback"),
    successUrl,
    errorUrl: options.errorUrl === undefined ? successUrl : resolve("errorUrl", options.errorUrl).href,
    trustedOrigins,
  };
}

/** Requires an object that has these methods. */
export function assertMethods(name: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string): boolean =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
  if (!methods.every(has)) {
    throw new CalValidationError(
      `${name} must have the ${methods.length > 1 ? "methods" : "function"} ${methods.join(" and ")}.`,
    );
  }
}

function toAppUrl(value: unknown, allowInsecure: boolean): URL {
  const url = toHttpUrl("appUrl", value);
  if (url.search !== "" || url.hash !== "") {
    throw new CalValidationError("appUrl must not have a query or a fragment.");
  }
  assertSecure("appUrl", url, allowInsecure);
  // With and without a slash at its end it is the same application.
  return withPath(url, appPathOf(url));
}

function toBasePath(value: unknown): string {
  if (typeof value !== "string" || !/^(\/(?!\/)[^\s?#\\]*)?$/.test(value)) {
    throw new CalValidationError("basePath must be a path that begins with one /, such as /api/cal.");
  }
  // In the form that a request's URL has.
  return appPathOf(new URL(value, "https://localhost"));
}

// Not `new URL(path, url)`: a path that begins with two slashes would become a host.
function withPath(url: URL, path: string): URL {
  const result = new URL(url);
  result.pathname = path;
  return result;
}

function toOrigin(value: unknown, allowInsecure: boolean): string {
  const url = toHttpUrl("Each of allowedOrigins", value);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw new CalValidationError(
      "Each of allowedOrigins must be an origin such as https://app.example, without a path.",
    );
  }
  assertSecure("Each of allowedOrigins", url, allowInsecure);
  return url.origin;
}

function toMaxBodyBytes(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw new CalValidationError("maxBodyBytes must be a whole number of 1 or more.");
}

const names: Record<keyof CalHandlersOptions, true> = {
  client: true,
  authenticate: true,
  stateSecret: true,
  appUrl: true,
  basePath: true,
  basePathStripped: true,
  successUrl: true,
  errorUrl: true,
  allowedOrigins: true,
  allowInsecure: true,
  exposeAccessToken: true,
  cronSecret: true,
  cron: true,
  googleRedirectUri: true,
  officeRedirectUri: true,
  linkRedirectUri: true,
  maxBodyBytes: true,
  onConnected: true,
  onDisconnected: true,
  onLinked: true,
  onUnlinked: true,
  onError: true,
  logger: true,
  now: true,
};

/** The names of all options of `createCalHandlers()`. */
export const handlersOptionNames: readonly string[] = Object.keys(names);
