import type { CalClient, CalendarProvider, Logger, ManagedUserInput, OAuthProvider } from "../index.js";
import { CalValidationError } from "../errors.js";
import { assertNames, assertObject } from "../lib/assert.js";
import type { Connection } from "./account.js";
import type { ReturnReason } from "./http/http-error.js";
import { createEncryptedJson, type EncryptedJson } from "./oauth/encrypted-json.js";

/** Who is signed in: the application's own id of the user, and what a managed user is created from on first use. */
export interface CalSession extends ManagedUserInput {
  /** The application's own id of the user. */
  userId: string;
  /** An address that the application has verified: it decides whose calendars these are. */
  email: string;
}

/** The steps there are a handler for. */
export type HandlerName =
  | "oauthConnectUrl"
  | "googleOauthRedirect"
  | "officeOauthRedirect"
  | "saveOauthCredentials"
  | "syncCredentials"
  | "status"
  | "disconnect"
  | "appleCredentials"
  | "refresh";

/** What `onConnected` is told. */
export interface ConnectedEvent {
  userId: string;
  provider: CalendarProvider;
  /** What is new, or works again. Empty for an Apple calendar that Cal.com doesn't list yet: up to 10 seconds. */
  connections: Connection[];
  request: Request;
}

/** What `onDisconnected` is told. */
export interface DisconnectedEvent {
  userId: string;
  provider: CalendarProvider | "ics-feed";
  /** Cal.com's ids of the credentials that are gone. */
  credentialIds: number[];
  request: Request;
}

/** What `onError` is told. */
export interface HandlerErrorEvent {
  handler: HandlerName;
  /**
   * A `CalError`, what the application's own functions threw, or, for a return that was refused, an
   * error that says why.
   */
  error: unknown;
  /** Why a return was refused. More than one `wrong_user` is worth a look: see `docs/security.md`. */
  reason?: ReturnReason | undefined;
  /** Who started the attempt whose return was refused. */
  userId?: string | undefined;
  request: Request;
}

/** Options of `createCalHandlers()`. */
export interface CalHandlersOptions {
  /** The client whose users' calendars these are. */
  client: Pick<CalClient, "ensureUser" | "forUser">;
  /**
   * Who is signed in, by the application's own session; `null` for nobody. It is asked on the way back from
   * the consent page, too: a session cookie has to be `SameSite=Lax` (or `None`) to come along there.
   */
  authenticate: (request: Request) => CalSession | null | Promise<CalSession | null>;
  /**
   * Seals the state; 32 characters or more. With several, the first seals and all open, so that one can be
   * replaced while users are on their way.
   */
  stateSecret: string | readonly string[];
  /** The application's public address, such as `https://your-app.com`. No header of a request is asked for it. */
  appUrl: string;
  /**
   * The path under which the routes are mounted.
   * @defaultValue `/api/cal`
   */
  basePath?: string | undefined;
  /** The page to end on when a calendar is connected: an address, or a path of `appUrl`. */
  successUrl: string;
  /**
   * The page to end on otherwise, with a `reason`: an address, or a path of `appUrl`.
   * @defaultValue `successUrl`
   */
  errorUrl?: string | undefined;
  /**
   * Other origins of the application, such as `https://app.your-app.com`: requests that come from them on the
   * same site are taken, and users may be sent back to them.
   * @defaultValue none
   */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Where Google's users come back to: the redirect route, or a page that calls the save route.
   * @defaultValue `{appUrl}{basePath}/gcal-oauth-redirect`
   */
  googleRedirectUri?: string | undefined;
  /**
   * Where Office 365's users come back to: the redirect route, or a page that calls the save route.
   * @defaultValue `{appUrl}{basePath}/office-oauth-redirect`
   */
  officeRedirectUri?: string | undefined;
  /**
   * The largest body that is read, in bytes.
   * @defaultValue 16_384
   */
  maxBodyBytes?: number | undefined;
  /** Called, and waited for, when a calendar has been connected: to keep records of one's own. */
  onConnected?: ((event: ConnectedEvent) => void | Promise<void>) | undefined;
  /** Called, and waited for, when connections have been removed: by the user, or since revoked or duplicates. */
  onDisconnected?: ((event: DisconnectedEvent) => void | Promise<void>) | undefined;
  /** Called, and waited for, when a request failed by no fault of its own, or a return was refused. */
  onError?: ((event: HandlerErrorEvent) => void | Promise<void>) | undefined;
  /**
   * Where failures are written, without secrets.
   * @defaultValue `console`, if there is no `onError`
   */
  logger?: Logger | undefined;
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
}

/** The options, checked and with every default filled in. */
export interface ResolvedHandlersOptions {
  client: CalHandlersOptions["client"];
  authenticate: CalHandlersOptions["authenticate"];
  encryptedJson: EncryptedJson;
  appUrl: URL;
  /** Paths under which requests may come in: with and without the path of `appUrl`. */
  basePaths: readonly string[];
  redirectUris: Record<OAuthProvider, string>;
  successUrl: string;
  errorUrl: string;
  trustedOrigins: ReadonlySet<string>;
  maxBodyBytes: number;
  onConnected: CalHandlersOptions["onConnected"];
  onDisconnected: CalHandlersOptions["onDisconnected"];
  onError: CalHandlersOptions["onError"];
  logger: Logger | undefined;
  now: () => number;
}

const DEFAULT_BASE_PATH = "/api/cal";
const DEFAULT_MAX_BODY_BYTES = 16_384;

/** The one place where defaults meet what the application gave. */
export function resolveHandlersOptions(options: CalHandlersOptions): ResolvedHandlersOptions {
  assertObject("The options", options, "{ client, authenticate, stateSecret, appUrl, successUrl }");
  assertNames(options, optionNames);
  const { client, authenticate } = options;
  assertMethods("client", client, ["ensureUser", "forUser"]);
  assertMethods("options", options, ["authenticate"]);
  const encryptedJson = createEncryptedJson(options.stateSecret);
  const appUrl = toUrl("appUrl", options.appUrl);
  if (appUrl.search !== "" || appUrl.hash !== "") {
    throw new CalValidationError("appUrl must not have a query or a fragment.");
  }
  const basePath = toBasePath(options.basePath ?? DEFAULT_BASE_PATH);
  const origins = (options.allowedOrigins ?? []).map((origin) => toOrigin(origin));
  const trustedOrigins = new Set([appUrl.origin, ...origins]);
  const publicPath = appUrl.pathname.replace(/\/+$/, "") + basePath;
  const redirect = (name: string, given: string | undefined, route: string): string => {
    const url = given === undefined ? new URL(publicPath + route, appUrl) : toUrl(name, given, appUrl);
    if (!trustedOrigins.has(url.origin)) {
      throw new CalValidationError(`${name} must be of appUrl's origin, or of one of allowedOrigins.`);
    }
    return url.href;
  };
  const successUrl = toUrl("successUrl", options.successUrl, appUrl).href;
  const maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  if (!Number.isSafeInteger(maxBodyBytes) || maxBodyBytes < 1) {
    throw new CalValidationError("maxBodyBytes must be a whole number of 1 or more.");
  }
  return {
    client,
    authenticate,
    encryptedJson,
    appUrl,
    basePaths: [...new Set([publicPath, basePath])],
    redirectUris: {
      google: redirect("googleRedirectUri", options.googleRedirectUri, "/gcal-oauth-redirect"),
      office365: redirect("officeRedirectUri", options.officeRedirectUri, "/office-oauth-redirect"),
    },
    successUrl,
    errorUrl: options.errorUrl === undefined ? successUrl : toUrl("errorUrl", options.errorUrl, appUrl).href,
    trustedOrigins,
    maxBodyBytes,
    onConnected: options.onConnected,
    onDisconnected: options.onDisconnected,
    onError: options.onError,
    // An error that nobody hears of is one that nobody mends.
    logger: options.logger ?? (options.onError ? undefined : globalThis.console),
    now: options.now ?? Date.now,
  };
}

function assertMethods(name: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string): boolean =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
  if (!methods.every(has)) {
    throw new CalValidationError(
      `${name} must have the ${methods.length > 1 ? "methods" : "function"} ${methods.join(" and ")}.`,
    );
  }
}

/** An absolute address; or a path, where there is something it can be relative to. */
function toUrl(name: string, value: unknown, base?: URL): URL {
  const isPath = base !== undefined && typeof value === "string" && /^\/(?![/\\])/.test(value);
  const url = typeof value === "string" && URL.canParse(value, base) ? new URL(value, base) : null;
  const isWritten = isPath || (typeof value === "string" && /^https?:\/\//i.test(value));
  if (!url || !isWritten || url.username !== "" || url.password !== "") {
    const path = base ? ", or a path that begins with /" : "";
    throw new CalValidationError(
      `${name} must be an absolute URL that begins with https:// or http://${path}. It must not hold a user name or password.`,
    );
  }
  return url;
}

function toBasePath(value: unknown): string {
  if (typeof value !== "string" || !/^(\/[^\s?#\\]*)?$/.test(value)) {
    throw new CalValidationError("basePath must be a path that begins with /, such as /api/cal.");
  }
  return value.replace(/\/+$/, "");
}

function toOrigin(value: unknown): string {
  const { origin, pathname, search, hash } = toUrl("Each of allowedOrigins", value);
  if (pathname !== "/" || search !== "" || hash !== "") {
    throw new CalValidationError(
      "Each of allowedOrigins must be an origin such as https://app.example, without a path.",
    );
  }
  return origin;
}

const names: Record<keyof CalHandlersOptions, true> = {
  client: true,
  authenticate: true,
  stateSecret: true,
  appUrl: true,
  basePath: true,
  successUrl: true,
  errorUrl: true,
  allowedOrigins: true,
  googleRedirectUri: true,
  officeRedirectUri: true,
  maxBodyBytes: true,
  onConnected: true,
  onDisconnected: true,
  onError: true,
  logger: true,
  now: true,
};

/** The options that `createCalHandlers()` has. */
const optionNames: readonly string[] = Object.keys(names);
