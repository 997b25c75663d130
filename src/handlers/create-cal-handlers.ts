import { CalClient, type CalClientOptions } from "../index.js";
import { CalValidationError } from "../errors.js";
import { assertObject } from "../lib/assert.js";
import { createContext } from "./context.js";
import { optionsFromEnv } from "./env.js";
import { resolveHandlersOptions, type CalHandlersOptions, type HandlerName } from "./options.js";
import { dispatch, serve, allRoutes } from "./router.js";
import { processEnv } from "../lib/env.js";

/** Answers a request. Throws nothing, unless it is handed something else, such as Express's request. */
export type CalHandler = (request: Request) => Promise<Response>;

/**
 * A handler for each step of connecting a calendar, for route files of their own; and `handle`, which is all
 * of them under `basePath`.
 */
export interface CalHandlers extends Record<HandlerName, CalHandler> {
  /** All routes in one. */
  handle: CalHandler;
}

/** Options of `createCalHandlers.fromEnv()`: those of `createCalHandlers()` that the environment doesn't give. */
export type CalHandlersEnvOptions = Omit<
  CalHandlersOptions,
  "client" | "stateSecret" | "appUrl" | "successUrl"
> &
  Partial<Pick<CalHandlersOptions, "client" | "stateSecret" | "appUrl" | "successUrl">> & {
    /** Where users' tokens are kept, for the client that is made from the environment. Not needed with `client`. */
    tokenStore?: CalClientOptions["tokenStore"] | undefined;
    /**
     * The environment.
     * @defaultValue `process.env`
     */
    env?: Record<string, string | undefined> | undefined;
  };

/** {@link createCalHandlers}: a function, with a second one that reads the environment. */
export interface CreateCalHandlers {
  /**
   * Makes the request handlers. They keep what belongs to one process (which attempts are under way), so make
   * them once.
   *
   * @example
   * ```ts
   * const handlers = createCalHandlers({
   *   client: cal,
   *   authenticate: async (request) => findSession(request),
   *   secret: env.CAL_STATE_SECRET,
   *   baseUrl: "https://your-app.com",
   *   successUrl: "/settings/calendars",
   * });
   * export const GET = handlers.handle;
   * export const POST = handlers.handle;
   * ```
   *
   * @throws `CalValidationError` if an option can't be right.
   */
  (options: CalHandlersOptions): CalHandlers;

  /**
   * Makes the handlers from the environment. What is given in `options` goes before it.
   *
   * | variable | option |
   * | --- | --- |
   * | `CAL_CLIENT_ID`, `CAL_CLIENT_SECRET`, `CAL_API_URL` | the client, unless `client` is given |
   * | `CAL_STATE_SECRET` | `secret`; several, separated by commas |
   * | `NEXT_PUBLIC_APP_URL` | `baseUrl`; if it is not set, the origin of the redirect URLs; if they are not, `APP_URL` |
   * | `NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT` | `googleRedirectUri` |
   * | `NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT` | `officeRedirectUri` |
   * | `NEXT_PUBLIC_CALENDAR_SUCCESS_URL` | `successUrl` |
   * | `NEXT_PUBLIC_CALENDAR_ERROR_URL` | `errorUrl` |
   *
   * @example
   * ```ts
   * const handlers = createCalHandlers.fromEnv({ tokenStore: memoryTokenStore(), authenticate });
   * ```
   *
   * @throws `CalValidationError` that names the variables which are missing.
   */
  readonly fromEnv: (options: CalHandlersEnvOptions) => CalHandlers;
}

/** Creates the request handlers. See {@link CreateCalHandlers}. */
export const createCalHandlers: CreateCalHandlers = Object.assign(create, { fromEnv });

function create(options: CalHandlersOptions): CalHandlers {
  const resolved = resolveHandlersOptions(options);
  const context = createContext(resolved);
  const handlers = allRoutes.map((step) => [step.name, ofWeb((request) => serve(step, request, context))]);
  return {
    ...(Object.fromEntries(handlers) as Record<HandlerName, CalHandler>),
    handle: ofWeb((request) => dispatch(request, context)),
  };
}

/**
 * Throws at a request of Node's, and at once: of a promise that is rejected Express 4 tells nobody. Told by what it
 * can do, since a `Request` may be of another realm, or a framework's.
 */
function ofWeb(handle: CalHandler): CalHandler {
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
  const { env = processEnv(), tokenStore, client, ...given } = options;
  return create({
    ...optionsFromEnv(env, given),
    client: client ?? clientFromEnv(env, tokenStore),
  });
}

function clientFromEnv(
  env: Record<string, string | undefined>,
  tokenStore: CalClientOptions["tokenStore"] | undefined,
): CalClient {
  if (!tokenStore) throw new CalValidationError("Give a tokenStore, or a client that has one.");
  return CalClient.fromEnv({ tokenStore, env });
}
