import { createApi } from "./api.js";
import { oauth2Consent } from "./consent/oauth2-consent.js";
import { providerConsent } from "./consent/provider-consent.js";
import { createConsentWalk, type ConsentWalk } from "./consent/walk.js";
import { assertFields } from "./model/assert.js";
import { createCalendarControls, type EmulatedCalendars } from "./controls/calendars.js";
import { createInject } from "./controls/faults.js";
import { createOAuth2Controls, type EmulatedOAuth2 } from "./controls/oauth2.js";
import { createPeopleControls, type EmulatedPeople } from "./controls/people.js";
import { createProviderControls, type ProviderControls } from "./controls/providers.js";
import { createUserControls, type EmulatedUsers } from "./controls/users.js";
import { assertMatch } from "./controls/validate-fault.js";
import { assertOptions, type CalEmulatorOptions } from "./emulator-options.js";
import { grantTypeOf, isTokenEndpoint } from "./http/body.js";
import { createFetch, type EmulatorFetch } from "./http/fetch.js";
import { withFault, type Outcome } from "./http/outcome.js";
import { createLimiter } from "./http/rate-limits.js";
import type { EmulatorClock } from "./model/clock.js";
import { createFaults, type Fault, type FaultHandle } from "./model/faults.js";
import { addClient } from "./model/oauth2-clients.js";
import { createPerson, defaultPeople } from "./model/people.js";
import { matches, pathAfterVersion, type LoggedRequest, type RequestMatch } from "./model/request-log.js";
import { createState, type State } from "./model/state.js";

/** A running server. */
export interface ListeningEmulator {
  /** Base URL of the API: `http://127.0.0.1:PORT/v2`. */
  url: string;
  /** Stops the server and closes all connections. */
  close(): Promise<void>;
}

/** Where the emulator listens. */
export interface ListenOptions {
  /** @defaultValue a free port */
  port?: number | undefined;
  /** @defaultValue `"127.0.0.1"` */
  host?: string | undefined;
  /**
   * Further host names under which clients reach the server, such as a container's. Requests for other names are
   * rejected with 421. IP addresses and `localhost` always work.
   *
   * @defaultValue none
   */
  allowedHosts?: readonly string[] | undefined;
}

/** Options for a client of the emulator's API, with the emulator's first platform client. */
export interface EmulatorClientOptions {
  managedUsers: { clientId: string; clientSecret: string };
  baseUrl: string;
  fetch: EmulatorFetch;
}

/** Controls the calendar providers: consent, accounts, revocations and outages. */
export interface EmulatedProviders extends ProviderControls {
  readonly authorize: ConsentWalk;
}

/** An in-memory Cal.com, as far as `calbridge` needs it. */
export interface CalEmulator {
  /** Base URL of the API. Its host doesn't exist until the emulator listens. */
  readonly url: string;
  /** Id of the first client. */
  readonly clientId: string;
  /** Secret of the first client. */
  readonly clientSecret: string;
  /**
   * What a client needs to use this emulator.
   *
   * @example
   * ```ts
   * const cal = new CalClient({ ...emulator.clientOptions, tokenStore: memoryTokenStore() });
   * ```
   */
  readonly clientOptions: EmulatorClientOptions;
  /** A `fetch` that reaches the API and the consent pages, and no other host. Uses no network. */
  readonly fetch: EmulatorFetch;
  /** Serves the emulator over HTTP. */
  listen(options?: ListenOptions): Promise<ListeningEmulator>;
  readonly clock: EmulatorClock;
  /**
   * Makes requests fail.
   *
   * @throws TypeError for a fault that can't happen, such as an unknown effect or a path that no request has.
   */
  inject: (fault: Fault) => FaultHandle;
  /** The requests that the API received, in order. */
  readonly requests: readonly LoggedRequest[];
  /** How many of them match. */
  count(match?: RequestMatch): number;
  readonly users: EmulatedUsers;
  readonly people: EmulatedPeople;
  readonly calendars: EmulatedCalendars;
  readonly provider: EmulatedProviders;
  readonly oauth2: EmulatedOAuth2;
  /** Clears Cal.com's caches: validated tokens, lists of calendars, counts of requests. */
  flushCache(): void;
}

const VIRTUAL_ORIGIN = "https://api.cal.example";

/**
 * An emulator of Cal.com: managed users, OAuth 2, tokens and calendars of its API, and the consent pages. It
 * responds as a real server was recorded to, bugs included.
 *
 * @example
 * ```ts
 * const emulator = createCalEmulator();
 * const cal = new CalClient({ ...emulator.clientOptions, tokenStore: memoryTokenStore() });
 * ```
 */
export function createCalEmulator(options: CalEmulatorOptions = {}): CalEmulator {
  assertOptions(options);
  const { clientId = "test-client", clientSecret = "test-secret" } = options;
  const state = createInitialState(options, { clientId, clientSecret });
  const limiter = createLimiter(state.clock.now, options.rateLimits ?? false);
  const api = createApi(state, limiter);
  const faults = createFaults();
  const requests: LoggedRequest[] = [];
  let origin = VIRTUAL_ORIGIN;

  async function handle(request: Request): Promise<Outcome> {
    const page = (await providerConsent(request, state.accounts)) ?? (await oauth2Consent(request, state));
    if (page) return { kind: "response", response: page };

    const { pathname, href, origin: from } = new URL(request.url);
    const { method } = request;
    const path = pathAfterVersion(pathname);
    const entry: LoggedRequest = { method, path, status: 0, at: new Date(state.clock.now()) };
    requests.push(entry);
    if (method === "POST" && isTokenEndpoint(pathname)) {
      const grantType = await grantTypeOf(request);
      if (grantType) entry.grantType = grantType;
    }
    const context = { path: href.slice(from.length), now: state.clock.now(), signal: request.signal };
    const outcome = await withFault(faults.take(entry), () => api(request, entry), context);
    if ("response" in outcome) entry.status = outcome.response.status;
    return outcome;
  }

  const isOwnOrigin = (candidate: string): boolean =>
    [origin, origin.replace("//127.0.0.1:", "//localhost:"), VIRTUAL_ORIGIN].includes(candidate);
  const fetch = createFetch(handle, isOwnOrigin);

  return {
    get url() {
      return `${origin}/v2`;
    },
    clientId,
    clientSecret,
    get clientOptions() {
      return { managedUsers: { clientId, clientSecret }, baseUrl: `${origin}/v2`, fetch };
    },
    fetch,
    async listen(given = {}) {
      assertFields("listen", given, ["port", "host", "allowedHosts"]);
      const { port = 0, host = "127.0.0.1", allowedHosts = [] } = given;
      if (origin !== VIRTUAL_ORIGIN) throw new Error(`The emulator is listening already, at ${origin}.`);
      // Loaded here only: the rest of the emulator runs where there is no `node:http`.
      const { listen } = await import("./http/listen.js");
      const server = await listen(handle, { port, host, allowedHosts });
      origin = server.url;
      return {
        url: `${server.url}/v2`,
        async close() {
          origin = VIRTUAL_ORIGIN;
          await server.close();
        },
      };
    },
    clock: state.clock,
    inject: createInject(faults),
    requests,
    count(match = {}) {
      assertMatch(match);
      return requests.filter((request) => matches(match, request)).length;
    },
    users: createUserControls(state, clientId),
    people: createPeopleControls(state),
    calendars: createCalendarControls(state),
    provider: { ...createProviderControls(state), authorize: createConsentWalk(state.accounts, fetch) },
    oauth2: createOAuth2Controls(state, faults, () => origin),
    flushCache() {
      state.tokenCache.clear();
      state.calendarCache.clear();
      limiter.reset();
    },
  };
}

function createInitialState(
  options: CalEmulatorOptions,
  { clientId, clientSecret }: { clientId: string; clientSecret: string },
): State {
  const { redirectUris = [], clients = [], oauth2 = {} } = options;
  const state = createState({
    now: options.now ?? (() => Date.now()),
    latencyMs: options.latencyMs ?? 0,
    apiKey: options.apiKey ?? "cal_ownerkey",
    clients: [{ id: clientId, secret: clientSecret, redirectUris }, ...clients],
    accounts: options.accounts,
    oauth2: { mode: oauth2.mode ?? "strict", hasLegacyScopesOnly: oauth2.hasLegacyScopesOnly ?? false },
  });
  for (const person of oauth2.people ?? defaultPeople) createPerson(state, person);
  for (const client of oauth2.clients ?? []) addClient(state.oauth2, client);
  return state;
}
