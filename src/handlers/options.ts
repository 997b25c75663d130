import type { Optional } from "../lib/optional.js";
import type { CalClient, Logger, ManagedUserInput, Secret } from "../index.js";
import type {
  ConnectedEvent,
  DisconnectedEvent,
  HandlerErrorEvent,
  LinkedEvent,
  UnlinkedEvent,
} from "./events.js";

/**
 * The signed-in user: the application's own id, and what a managed user is created from on first use. Only the fields
 * that are documented here go to Cal.com, so a whole row of the user table may be given. For OAuth 2 the id is enough.
 */
export type CalSession = {
  /** The application's own id of the user. */
  userId: string;
} & (
  | // A database has null for a value that is missing.
    { [Field in keyof ManagedUserInput]: ManagedUserInput[Field] | null }
  | { email?: undefined; name?: undefined }
);

/** How `/connections/check` works. */
export interface CronOptions {
  /**
   * Time after which it begins no more users, in milliseconds; those in flight are waited for. Less than the platform
   * gives a request.
   * @defaultValue 20_000
   */
  timeBudgetMs?: number | undefined;
  /**
   * The most users a minute.
   * @defaultValue 120
   */
  maxPerMinute?: number | undefined;
  /**
   * Users checked at once.
   * @defaultValue 5
   */
  concurrency?: number | undefined;
}

/** Options of `createCalHandlers()`. */
export interface CalHandlersOptions {
  /** The client whose users' calendars these are. */
  client: Pick<CalClient, "clientId" | "ensureUser" | "forUser"> &
    Optional<
      Pick<
        CalClient,
        | "grants"
        | "oauth"
        | "hasConnectionStore"
        | "checkConnection"
        | "checkConnections"
        | "lastConnectionCheck"
      >
    >;
  /**
   * Returns the signed-in user by the application's own session, or `null`. It is also called when the user returns from the
   * consent page: a session cookie must be `SameSite=Lax` (or `None`) to be sent there.
   *
   * `email` must be an address that the application has verified: it decides whose calendars these are. `email`, `name`
   * and the other fields are needed only when the managed user is created, on first use.
   */
  authenticate: (request: Request) => CalSession | null | Promise<CalSession | null>;
  /**
   * Encrypts the state; 32 characters or more, made at random. With several, the first encrypts and all decrypt, so that
   * one can be replaced while users are on a consent page.
   */
  stateSecret: Secret<string | readonly string[]>;
  /**
   * The application's public address, with its path if it has one: `https://your-app.com`, or
   * `https://your-app.com/shop` with Next.js's `basePath: "/shop"`. The `Host` header is not used.
   */
  appUrl: string;
  /**
   * The path below `appUrl` under which the routes are mounted.
   * @defaultValue `/api/cal`
   */
  basePath?: string | undefined;
  /**
   * Whether the framework removes `basePath` from a request's URL before it calls the handlers, as Hono's and Elysia's
   * `mount()` do.
   * @defaultValue false
   */
  basePathStripped?: boolean | undefined;
  /** The page to end on when a calendar is connected: a path of the application, or a URL. */
  successUrl: string;
  /**
   * The page to end on otherwise, with a `reason`: a path of the application, or a URL.
   * @defaultValue `successUrl`
   */
  errorUrl?: string | undefined;
  /**
   * Other origins of the application, such as `https://app.your-app.com`: requests from their pages are accepted if they
   * are of the same site, and users may be returned to them.
   * @defaultValue none
   */
  allowedOrigins?: readonly string[] | undefined;
  /**
   * Allows `http://` in `appUrl`, `allowedOrigins` and the other URLs here for hosts other than this machine: others on
   * the network can then read session cookies and codes. For a network that you trust.
   * @defaultValue false
   */
  allowInsecure?: boolean | undefined;
  /**
   * Whether `GET /refresh` returns the user's access token to pages of the application. Only Cal.com's own UI components
   * need it. Without it that route is a 404.
   * @defaultValue false
   */
  exposeAccessToken?: boolean | undefined;
  /**
   * Where Google sends users back to: the callback route, or a page that calls the save route. A path of the
   * application, or a URL.
   * @defaultValue `{appUrl}{basePath}/gcal-oauth-redirect`
   */
  googleRedirectUri?: string | undefined;
  /**
   * Where Office 365 sends users back to: the callback route, or a page that calls the save route. A path of the
   * application, or a URL.
   * @defaultValue `{appUrl}{basePath}/office-oauth-redirect`
   */
  officeRedirectUri?: string | undefined;
  /**
   * Where Cal.com sends users back to who link their own Cal.com account (OAuth 2): the callback route, or a page that
   * posts `code` and `state` to it. One of the OAuth client's registered redirect URIs, character for character. A path of
   * the application, or a URL.
   * @defaultValue `{appUrl}{basePath}/oauth/callback`
   */
  linkRedirectUri?: string | undefined;
  /**
   * The largest request body that is read, in bytes.
   * @defaultValue 16_384
   */
  maxBodyBytes?: number | undefined;
  /**
   * Turns on `/connections/check`, by which a scheduler has users' connections checked: it sends this secret as
   * `Authorization: Bearer ...`, and pending roll-backs finished. 16 characters or more, made at random. Without a
   * `connectionStore` there are roll-backs only.
   * @defaultValue none: the route is a 404
   */
  cronSecret?: string | undefined;
  /** How `/connections/check` works. */
  cron?: CronOptions | undefined;
  /** Called and awaited when a calendar has been connected, for the application's own records. */
  onConnected?: ((event: ConnectedEvent) => void | Promise<void>) | undefined;
  /** Called and awaited when connections were removed: by the user, or because they were revoked or duplicates. */
  onDisconnected?: ((event: DisconnectedEvent) => void | Promise<void>) | undefined;
  /** Called and awaited when a user has linked their own Cal.com account (OAuth 2), also when it was linked again. */
  onLinked?: ((event: LinkedEvent) => void | Promise<void>) | undefined;
  /**
   * Called and awaited when the link to a user's own Cal.com account, and with it to its calendars, has ended: the user has
   * unlinked it, or another user has taken it over. If it throws, it is called again with that user's next status.
   */
  onUnlinked?: ((event: UnlinkedEvent) => void | Promise<void>) | undefined;
  /** Called and awaited when a request failed on the server's side, or a callback was rejected. */
  onError?: ((event: HandlerErrorEvent) => void | Promise<void>) | undefined;
  /**
   * Receives failures, without secrets.
   * @defaultValue `console`, if there is no `onError`
   */
  logger?: Logger | undefined;
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
}
