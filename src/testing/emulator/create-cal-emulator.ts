import type { EmulatorAccounts } from "./model/accounts.js";
import { createApi } from "./api.js";
import { createCalendarTools, type EmulatedCalendars } from "./controls/calendars.js";
import type { EmulatorClock } from "./model/clock.js";
import { providerConsent } from "./consent/provider-consent.js";
import { createConsentWalk, type ConsentWalk } from "./consent/walk.js";
import { assertMatch } from "./controls/validate-fault.js";
import { createInject } from "./controls/faults.js";
import { withFault, type Outcome } from "./http/outcome.js";
import { createFaults, type Fault, type FaultHandle } from "./model/faults.js";
import { createLimiter, type EmulatorRateLimits } from "./http/rate-limits.js";
import { matches, pathAfterVersion, type LoggedRequest, type RequestMatch } from "./model/request-log.js";
import type { EmulatorOAuth2Client } from "./model/oauth2-state.js";
import { createOAuth2Tools, type EmulatedOAuth2 } from "./controls/oauth2.js";
import { createProviderControls, type ProviderControls } from "./controls/providers.js";
import { createState, type EmulatorClient } from "./model/state.js";
import { createFetch, type EmulatorFetch } from "./http/fetch.js";
import { createUserTools, type EmulatedUsers } from "./controls/users.js";

/** How an emulator starts out. */
export interface CalEmulatorOptions {
  /** Id of the client that is there from the start. Default `"test-client"`. */
  clientId?: string;
  /** Its secret. Default `"test-secret"`. */
  clientSecret?: string;
  /** Its redirect URIs: a request with an `Origin` header must come from one of them. Default: none. */
  redirectUris?: string[];
  /** Further clients. */
  clients?: EmulatorClient[];
  /** Clients of Cal.com's OAuth 2, the successor of managed users. Default: none. */
  oauth2Clients?: EmulatorOAuth2Client[];
  /** API key of the first organization's owner. Default `"cal_ownerkey"`. */
  apiKey?: string;
  /** Where time comes from; `emulator.clock` moves on from there. Default `Date.now`. */
  now?: () => number;
  /** Whether too many requests are refused, and how many that is. The headers are always there. Default `false`. */
  rateLimits?: boolean | EmulatorRateLimits;
  /** Accounts on the consent pages. Default: Alice and Carol at Google, Bob and Erin at Microsoft, Dave at Apple. */
  accounts?: EmulatorAccounts;
  /**
   * How long Cal.com takes between reading and writing, where requests at once can get into each other's
   * way: refreshing, creating, saving. Default 0 ms, which is still enough for requests that start together.
   */
  latencyMs?: number;
}

/** A running server. */
export interface ListeningEmulator {
  /** Base URL of the API: `http://127.0.0.1:PORT/v2`. */
  url: string;
  /** Ends it, and every connection to it. */
  close(): Promise<void>;
}

/** Cal.com, as far as `calbridge` needs it, in memory. */
export interface CalEmulator {
  /** Base URL of the API, for `baseUrl`. A name of no real host, until `listen` gives it an address. */
  readonly url: string;
  /** Id of the first client. */
  readonly clientId: string;
  /** Secret of the first client. */
  readonly clientSecret: string;
  /** A `fetch` that reaches the API and the consent pages, and no other host. No network is involved. */
  readonly fetch: EmulatorFetch;
  /** Serves the emulator over HTTP. Default: a free port of `127.0.0.1`. */
  listen(options?: { port?: number; host?: string }): Promise<ListeningEmulator>;
  readonly clock: EmulatorClock;
  /**
   * Lets something go wrong.
   *
   * @throws TypeError for a fault that can't happen: an unknown effect, a path that no request has.
   */
  inject: (fault: Fault) => FaultHandle;
  /** The requests that came to the API, in order. */
  readonly requests: readonly LoggedRequest[];
  /** How many of them match. */
  count(match?: RequestMatch): number;
  readonly users: EmulatedUsers;
  readonly calendars: EmulatedCalendars;
  readonly provider: EmulatedProviders;
  readonly oauth2: EmulatedOAuth2;
  /** Empties what Cal.com keeps in Redis: known tokens, lists of calendars, counts of requests. */
  flushCache(): void;
}

/** Controls the calendar providers: consent, accounts, revocations and outages. */
export interface EmulatedProviders extends ProviderControls {
  readonly authorize: ConsentWalk;
}

const VIRTUAL_ORIGIN = "https://api.cal.example";

/**
 * An emulator of Cal.com: the managed users, tokens and calendars of its API, and the consent pages behind
 * them. It answers what a real server was recorded to answer, mistakes included.
 *
 * @example
 * ```ts
 * const emulator = createCalEmulator();
 * const cal = new CalClient({
 *   clientId: emulator.clientId,
 *   clientSecret: emulator.clientSecret,
 *   baseUrl: emulator.url,
 *   fetch: emulator.fetch,
 *   tokenStore: memoryTokenStore(),
 * });
 * ```
 */
export function createCalEmulator(options: CalEmulatorOptions = {}): CalEmulator {
  const { clientId = "test-client", clientSecret = "test-secret", redirectUris = [], clients = [] } = options;
  const state = createState({
    now: options.now ?? (() => Date.now()),
    latencyMs: options.latencyMs ?? 0,
    apiKey: options.apiKey ?? "cal_ownerkey",
    clients: [{ id: clientId, secret: clientSecret, redirectUris }, ...clients],
    oauth2Clients: options.oauth2Clients ?? [],
    accounts: options.accounts,
  });
  const limiter = createLimiter(state.clock.now, options.rateLimits ?? false);
  const api = createApi(state, limiter);
  const faults = createFaults();
  const requests: LoggedRequest[] = [];
  let origin = VIRTUAL_ORIGIN;

  async function handle(request: Request): Promise<Outcome> {
    const { pathname, href, origin: from } = new URL(request.url);
    const consentPage = await providerConsent(request, state.accounts);
    if (consentPage) return { kind: "response", response: consentPage };

    const { method } = request;
    const path = pathAfterVersion(pathname);
    const entry: LoggedRequest = { method, path, status: 0, at: new Date(state.clock.now()) };
    requests.push(entry);
    const context = { path: href.slice(from.length), now: state.clock.now(), signal: request.signal };
    const outcome = await withFault(faults.take(entry), () => api(request, entry), context);
    if ("response" in outcome) entry.status = outcome.response.status;
    return outcome;
  }

  const isOwnOrigin = (asked: string): boolean =>
    [origin, origin.replace("//127.0.0.1:", "//localhost:"), VIRTUAL_ORIGIN].includes(asked);
  const fetch = createFetch(handle, isOwnOrigin);

  return {
    get url() {
      return `${origin}/v2`;
    },
    clientId,
    clientSecret,
    fetch,
    async listen({ port = 0, host = "127.0.0.1" } = {}) {
      if (origin !== VIRTUAL_ORIGIN) throw new Error(`The emulator is listening already, at ${origin}.`);
      // Only here: the rest of the emulator runs where there is no `node:http`.
      const { listen } = await import("./http/listen.js");
      const server = await listen(handle, { port, host });
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
    users: createUserTools(state, clientId),
    calendars: createCalendarTools(state),
    provider: { ...createProviderControls(state), authorize: createConsentWalk(state.accounts, fetch) },
    oauth2: createOAuth2Tools(state),
    flushCache() {
      state.tokenCache.clear();
      state.calendarCache.clear();
      limiter.reset();
    },
  };
}
