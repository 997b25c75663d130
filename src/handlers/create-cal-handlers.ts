import type { Optional } from "../lib/optional.js";
import { CalClient, type CalClientOptions } from "../index.js";
import { CalValidationError, isCalError } from "../errors.js";
import { assertNames, assertObject } from "../lib/assert.js";
import { createContext } from "./context.js";
import { processEnv } from "../lib/env.js";
import { optionsFromEnv } from "./env.js";
import type { HandlerName } from "./events.js";
import type { FinishedRollBacks } from "./oauth/finish-roll-backs.js";
import { finishRollBacks } from "./oauth/roll-back.js";
import { HttpError } from "./http/http-error.js";
import { failure } from "./http/responses.js";
import type { CalHandlersOptions } from "./options.js";
import { reportError } from "./report-error.js";
import { assertMethods, handlersOptionNames, resolveHandlersOptions } from "./resolve-options.js";
import { allRoutes, dispatch, findRouteAtEnd, serve } from "./router.js";
import type { Route } from "./types.js";

/** Handles a request. Never rejects; throws only if it is called with something else, such as Express's request. */
export type CalHandler = (request: Request) => Promise<Response>;

/** One handler for each route, for route files of their own, and `handle` for all routes under `basePath`. */
export interface CalHandlers extends Record<HandlerName, CalHandler> {
  /** All routes in one. */
  handle: CalHandler;
  /**
   * Finishes roll-backs of rejected callbacks that Cal.com has refused until now. Without `userId`: of all users. Call it in
   * a job that runs every few minutes; the route `/connections/check` does it as well. With `userId`: of one user. Call it in
   * a route of your application that shows calendars of `cal.forUser()`, before it reads them.
   *
   * @throws `CalError` for one user whose roll-back is still refused: the user's calendars may include one that is not theirs.
   */
  finishRollBacks: (userId?: string) => Promise<FinishedRollBacks>;
}

/** Options of `createCalHandlers.fromEnv()`. Those that the environment can give are optional. */
export type CalHandlersEnvOptions = Omit<
  CalHandlersOptions,
  "client" | "stateSecret" | "appUrl" | "successUrl"
> &
  Optional<Pick<CalHandlersOptions, "client" | "stateSecret" | "appUrl" | "successUrl">> & {
    /** Where users' tokens are kept, for the client that is created from the environment. Not needed with `client`. */
    tokenStore?: CalClientOptions["tokenStore"] | undefined;
    /**
     * What a user without a record gets, for the client that is created from the environment. Only used if the
     * environment names both a platform client and an OAuth client.
     * @defaultValue `CAL_NEW_USERS`
     */
    newUsers?: CalClientOptions["newUsers"];
    /**
     * The environment.
     * @defaultValue `process.env`
     */
    env?: Record<string, string | undefined> | undefined;
  };

/** The type of {@link createCalHandlers}: a function with a second one, `fromEnv`. */
export interface CreateCalHandlers {
  /**
   * Creates the request handlers. They hold the state of one process (the attempts in flight), so create them once.
   *
   * @example
   * ```ts
   * const handlers = createCalHandlers({
   *   client: cal,
   *   authenticate: async (request) => findSession(request),
   *   stateSecret: env.CAL_STATE_SECRET,
   *   appUrl: "https://your-app.com",
   *   successUrl: "/settings/calendars",
   * });
   * export const GET = handlers.handle;
   * export const POST = handlers.handle;
   * ```
   *
   * @throws `CalValidationError` if an option is not valid.
   */
  (options: CalHandlersOptions): CalHandlers;

  /**
   * Creates the handlers from the environment. Given options take precedence.
   *
   * If a variable is missing or not valid, it does not throw: that would end the import of a route file, and users would
   * get an empty response. It logs which variables those are, and every request gets a JSON response with status 500.
   *
   * | variable | option |
   * | --- | --- |
   * | `CAL_CLIENT_ID`, `CAL_CLIENT_SECRET`, `CAL_API_URL` | the client, unless `client` is given |
   * | `CAL_OAUTH_CLIENT_ID` and the rest of OAuth 2 | the client, unless `client` is given |
   * | `CAL_NEW_USERS` | `newUsers`: `managed` or `oauth`, if both kinds of client are named |
   * | `CAL_OAUTH_REDIRECT_URI` | `linkRedirectUri`, and the client's `oauth.redirectUri` |
   * | `CAL_STATE_SECRET` | `stateSecret`; several, separated by commas |
   * | `NEXT_PUBLIC_APP_URL` | `appUrl`; if it is not set, the application of the redirect URLs; without them, `APP_URL` |
   * | `NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT` | `googleRedirectUri` |
   * | `NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT` | `officeRedirectUri` |
   * | `NEXT_PUBLIC_CALENDAR_SUCCESS_URL` | `successUrl` |
   * | `NEXT_PUBLIC_CALENDAR_ERROR_URL` | `errorUrl` |
   * | `CRON_SECRET` | `cronSecret`, if the client has a `connectionStore` |
   *
   * @example
   * ```ts
   * const handlers = createCalHandlers.fromEnv({ tokenStore: memoryTokenStore(), authenticate });
   * ```
   *
   * @throws `CalValidationError` if a given option is unknown, or there is neither a client nor a token store.
   */
  readonly fromEnv: (options: CalHandlersEnvOptions) => CalHandlers;
}

/** Creates the request handlers. See {@link CreateCalHandlers}. */
export const createCalHandlers: CreateCalHandlers = Object.assign(create, { fromEnv });

function create(options: CalHandlersOptions): CalHandlers {
  const resolved = resolveHandlersOptions(options);
  const context = createContext(resolved);
  return toHandlers(
    (route) => (request) => serve(route, request, context),
    (request) => dispatch(request, context),
    async (userId) => {
      if (userId !== undefined) {
        return { disconnected: (await finishRollBacks(context, userId)).length, pending: [] };
      }
      const { finishAllRollBacks } = await import("./oauth/finish-roll-backs.js");
      return finishAllRollBacks(context, { finishRollBacks, isCalError });
    },
  );
}

function toHandlers(
  handlerOf: (route: Route) => CalHandler,
  handle: CalHandler,
  finishRollBacks: CalHandlers["finishRollBacks"],
): CalHandlers {
  const named = allRoutes.map((route) => [route.name, assertWebRequest(handlerOf(route))]);
  return {
    ...(Object.fromEntries(named) as Record<HandlerName, CalHandler>),
    handle: assertWebRequest(handle),
    finishRollBacks,
  };
}

/**
 * Throws for a request of Node's, and at once: Express 4 ignores rejected promises. A Web Request is recognised by its
 * headers, since it may be of another realm or a framework's own.
 */
function assertWebRequest(handle: CalHandler): CalHandler {
  return (request) => {
    const { headers } = request as { headers?: Partial<Headers> };
    if (typeof headers?.get === "function") return handle(request);
    throw new CalValidationError(
      "A handler takes a Web Request. In Express, Fastify and Koa: toNodeHandler(handlers.handle).",
    );
  };
}

function fromEnv(options: CalHandlersEnvOptions): CalHandlers {
  assertObject("The options", options, "{ tokenStore, authenticate }");
  assertNames(options, [...handlersOptionNames, "tokenStore", "newUsers", "env"]);
  assertMethods("options", options, ["authenticate"]);
  const { env = processEnv(), tokenStore, newUsers, client, ...given } = options;
  if (!client && !tokenStore) throw new CalValidationError("Give a tokenStore, or a client that has one.");
  try {
    return create({
      ...optionsFromEnv(env, given, client?.hasConnectionStore),
      client: client ?? clientFromEnv({ env, tokenStore, newUsers, allowInsecure: given.allowInsecure }),
    });
  } catch (error) {
    if (!(error instanceof CalValidationError)) throw error;
    return createUnconfigured(error, options);
  }
}

function clientFromEnv({
  tokenStore,
  ...options
}: Pick<CalHandlersEnvOptions, "env" | "tokenStore" | "newUsers" | "allowInsecure">): CalClient {
  if (!tokenStore) throw new TypeError("There is no token store.");
  return CalClient.fromEnv({ ...options, tokenStore });
}

/** Handlers that respond to every request with an error: the environment is not complete. */
function createUnconfigured(error: CalValidationError, options: CalHandlersEnvOptions): CalHandlers {
  const { onError, logger = onError ? undefined : globalThis.console } = options;
  (logger ?? globalThis.console).error?.(`calbridge: the calendar routes do not work. ${error.message}`, {});
  const response = new HttpError(
    500,
    "internal_error",
    "The calendar routes are not configured. The server's log says what is missing.",
  );
  const handlerOf =
    ({ name }: Route): CalHandler =>
    async (request) => {
      await reportError({ options: { onError, logger } }, { handler: name, error, request });
      return failure(response);
    };
  const handle: CalHandler = async (request) => {
    const route = findRouteAtEnd(new URL(request.url).pathname);
    return route ? handlerOf(route)(request) : failure(response);
  };
  return toHandlers(handlerOf, handle, () => Promise.reject(error));
}
