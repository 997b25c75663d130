import {
  listCalendars,
  type CalendarList,
  type ConnectedCalendar,
  type IntegrationType,
} from "../api/endpoints/calendar-list.js";
import {
  checkIcsFeed,
  getBusyTimes,
  getConnectUrl,
  saveAppleCredentials,
  saveCredentials,
  saveIcsFeed,
  setDestinationCalendar,
  type BusyTime,
  type CalendarCredential,
  type CalendarProvider,
  type CalendarReference,
  type OAuthProvider,
} from "../api/endpoints/calendars.js";
import type { ApiCall, CallOptions, Send } from "../api/request.js";
import { listConnections, type CalendarConnection } from "../api/endpoints/connections.js";
import {
  addSelectedCalendar,
  removeSelectedCalendar,
  type SelectedCalendar,
} from "../api/endpoints/selected-calendars.js";
import { CalendarConnectionClient, type TimeRange } from "./connection-calendars.js";
import { checkStatus, statusOf, type CalendarStatus } from "./status.js";
import { assertAuthorized } from "./cal-state.js";
import {
  assertOfProvider,
  connectionsOf,
  disconnectAll,
  disconnectOne,
  disconnectRevoked,
  needsCredentialId,
} from "./disconnect.js";
import { duplicatesIn } from "./duplicates.js";
import { CalApiError, CalValidationError } from "../errors.js";
import {
  assertHttpUrl,
  assertId,
  assertObject,
  assertText,
  assertTimeZone,
  toIsoRange,
} from "../lib/assert.js";
import { detailsOf } from "../tokens/details.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { assertDisconnectable, assertOAuthProvider, assertProvider } from "./providers.js";
import type { DisconnectableProvider } from "./providers.js";

/** What a user's calendars need of the user: to make calls as it, and to know who it is. */
export interface CalendarsUser {
  /** Makes a call as the user. */
  send: <T>(call: ApiCall<T>, need?: { minTtlMs: number }) => Promise<T>;
  /** Makes a call as nobody. */
  sendPublic: Send;
  record: (options?: CallOptions) => Promise<TokenRecord>;
  connectMinTtlMs: number;
}

/** Input of {@link UserCalendars.connectUrl}. */
export interface ConnectUrlInput {
  /** Where the browser ends up, whatever happened. Cal.com checks it against nothing. */
  returnUrl: string;
  /** Walks through the consent and stores nothing. Default: `false`. */
  isDryRun?: boolean | undefined;
}

/** Input of {@link UserCalendars.disconnect}. */
export interface DisconnectInput {
  /** The connection to end, as {@link UserCalendars.list} names it. */
  credentialId?: number | undefined;
  /** Ends every connection of the provider: for OAuth 2, in the user's whole Cal.com account. */
  all?: boolean | undefined;
}

/** Input of {@link UserCalendars.busyTimes}. */
export interface BusyTimesQuery extends TimeRange {
  /** The calendars to look at, as {@link UserCalendars.list} names them. */
  calendars: readonly { credentialId: number; externalId: string }[];
}

/** What {@link UserCalendars.sync} found. */
export interface SyncResult {
  /** Whether the provider's connection works. */
  status: CalendarStatus;
  /** The provider's accounts; a broken one has an `error`. */
  connectedCalendars: ConnectedCalendar[];
  /** Credentials that were removed because they repeated another one. */
  removedDuplicates: number[];
}

/** The calendars of one user. Each method takes `{ signal, timeoutMs }` last. */
export class UserCalendars {
  readonly #user: CalendarsUser;
  readonly #send: CalendarsUser["send"];

  /** @internal */
  constructor(user: CalendarsUser) {
    this.#user = user;
    this.#send = user.send;
  }

  /**
   * Where to send the browser so that the user consents: Google's or Microsoft's page. The URL carries the
   * user's access token. Treat it as a secret: hand it to this user's browser, never to a log.
   *
   * The token in it lives for `connectMinTtlMs` or more. Accounts whose access was revoked are disconnected first, as
   * Cal.com would drop the new tokens of such an account; in a user's own Cal.com account only if it is the provider's
   * only one.
   */
  async connectUrl(
    provider: OAuthProvider,
    input: ConnectUrlInput,
    options?: CallOptions,
  ): Promise<{ authUrl: string }> {
    assertOAuthProvider(provider);
    assertObject("The input", input, "{ returnUrl }");
    assertHttpUrl("returnUrl", input.returnUrl);
    await disconnectRevoked(this.#send, provider, await this.#isOwnAccount(options), options);
    const need = { minTtlMs: this.#user.connectMinTtlMs };
    const query = { redir: input.returnUrl, isDryRun: input.isDryRun ?? false };
    const authUrl = await getConnectUrl((call) => this.#send(call, need), provider, query, options);
    return { authUrl };
  }

  /**
   * Hands Cal.com the `code` and `state` that the provider sent to a callback of the application's own. With
   * Cal.com's callback this step isn't needed. Success proves nothing: {@link check} afterwards.
   *
   * @throws {@link CalValidationError} if the state isn't one of this user's: Cal.com would connect the
   * calendar to whoever's token the state carries.
   */
  async save(
    provider: OAuthProvider,
    input: { code: string; state: string },
    options?: CallOptions,
  ): Promise<{ returnUrl: string | null }> {
    assertOAuthProvider(provider);
    assertObject("The input", input);
    assertText("code", input.code);
    assertText("state", input.state);
    const accessToken = assertAuthorized(input.state, await this.#user.record(options));
    const { code, state } = input;
    const returnUrl = await saveCredentials(
      this.#user.sendPublic,
      provider,
      { state, code },
      [accessToken],
      options,
    );
    return { returnUrl };
  }

  /** Asks Cal.com whether the provider's connection works. */
  async check(provider: CalendarProvider, options?: CallOptions): Promise<CalendarStatus> {
    assertProvider(provider);
    return checkStatus(this.#send, provider, options);
  }

  /**
   * All connected accounts and their calendars. Cal.com remembers its answer for 10 seconds, or until
   * something is connected or disconnected.
   */
  async list(options?: CallOptions): Promise<CalendarList> {
    return listCalendars(this.#send, options);
  }

  /**
   * Brings a provider's connection up to date: a token that works, the accounts, duplicates removed, the check. In a
   * user's own Cal.com account (OAuth 2) nothing is removed.
   */
  async sync(provider: CalendarProvider, options?: CallOptions): Promise<SyncResult> {
    assertProvider(provider);
    const list = await this.list(options);
    const accounts = connectionsOf(list, provider);
    const isOwn = await this.#isOwnAccount(options);
    const duplicates = isOwn ? [] : duplicatesIn(accounts, list.destinationCalendar);
    for (const credentialId of duplicates) await disconnectOne(this.#send, provider, credentialId, options);
    return {
      status: await this.check(provider, options),
      connectedCalendars: accounts.filter(({ credentialId }) => !duplicates.includes(credentialId)),
      removedDuplicates: duplicates,
    };
  }

  /**
   * Ends the connection with `credentialId`; or, for a managed user or with `all`, every connection of the provider
   * that Cal.com lists. Returns what was disconnected: nothing, if there was nothing (any more). As {@link list} may be
   * 10 seconds old, an account connected just before may be missed.
   *
   * In a user's own Cal.com account (OAuth 2) a connection belongs to the person: ending it also ends it for what the
   * person does with Cal.com outside of this application.
   *
   * @throws {@link CalValidationError} without `credentialId` and `all` for a user's own Cal.com account.
   */
  async disconnect(
    provider: DisconnectableProvider,
    input: DisconnectInput = {},
    options?: CallOptions,
  ): Promise<{ disconnected: CalendarCredential[] }> {
    assertDisconnectable(provider);
    assertObject("The input", input, "{ credentialId } or { all: true }");
    const { credentialId, all } = input;
    if (credentialId !== undefined && all !== undefined) {
      throw new CalValidationError("Give either credentialId or all.");
    }
    if (credentialId === undefined) {
      if (all !== true && (await this.#isOwnAccount(options))) throw needsCredentialId(provider);
      return { disconnected: await disconnectAll(this.#send, provider, options) };
    }
    assertId("credentialId", credentialId);
    const list = await this.list(options);
    assertOfProvider(list, provider, credentialId);
    return { disconnected: await disconnectOne(this.#send, provider, credentialId, options) };
  }

  /**
   * Connects Apple's calendar with an app-specific password. Cal.com tries it, except when it has a working
   * connection of that user name already. {@link check} may lag behind for up to 10 seconds.
   *
   * @throws {@link CalApiError} `bad_request` (400): the user name or the password is wrong.
   */
  async connectApple(
    credentials: { username: string; password: string },
    options?: CallOptions,
  ): Promise<void> {
    assertObject("The credentials", credentials);
    assertText("username", credentials.username);
    assertText("password", credentials.password);
    await disconnectRevoked(this.#send, "apple", await this.#isOwnAccount(options), options);
    await saveAppleCredentials(this.#send, credentials, options);
  }

  /** Subscribes to ICS feeds. Each call makes a new credential, for the same feeds too. */
  async saveIcsFeed(
    feed: { urls: readonly string[]; readOnly?: boolean | undefined },
    options?: CallOptions,
  ): Promise<CalendarCredential> {
    assertObject("The feed", feed);
    if (!Array.isArray(feed.urls) || feed.urls.length === 0) {
      throw new CalValidationError("urls must be a list of one URL or more.");
    }
    for (const url of feed.urls) assertHttpUrl("Each of urls", url);
    return saveIcsFeed(this.#send, feed, options);
  }

  /** Asks Cal.com whether the ICS feeds work. */
  async checkIcsFeed(options?: CallOptions): Promise<CalendarStatus> {
    return statusOf("ics-feed", checkIcsFeed(this.#send, options));
  }

  /** When the user is busy, by the given calendars. Times may come more than once, and overlap. */
  async busyTimes(query: BusyTimesQuery, options?: CallOptions): Promise<BusyTime[]> {
    assertObject("The query", query);
    const { timeZone = "UTC", calendars } = query;
    assertTimeZone("timeZone", timeZone);
    if (!Array.isArray(calendars) || calendars.length === 0) {
      throw new CalValidationError("calendars must name one calendar or more; list() has them.");
    }
    for (const calendar of query.calendars) {
      assertObject("Each of calendars", calendar);
      assertId("credentialId", calendar.credentialId);
      assertText("externalId", calendar.externalId);
    }
    return getBusyTimes(this.#send, { ...toIsoRange(query), timeZone, calendars }, options);
  }

  /** Sets the calendar that bookings are written to. A read-only calendar is a 404. */
  async setDestination(
    calendar: {
      integration: IntegrationType;
      externalId: string;
      delegationCredentialId?: string | undefined;
    },
    options?: CallOptions,
  ): Promise<CalendarReference> {
    assertObject("The calendar", calendar);
    assertText("integration", calendar.integration);
    assertText("externalId", calendar.externalId);
    return setDestinationCalendar(this.#send, calendar, options);
  }

  /** Has Cal.com read a calendar for conflicts. Does nothing if it does already. */
  async select(calendar: SelectedCalendar, options?: CallOptions): Promise<void> {
    assertSelected(calendar);
    return addSelectedCalendar(this.#send, calendar, options);
  }

  /** Has Cal.com no longer read a calendar for conflicts. Answers whether it did. */
  async unselect(calendar: SelectedCalendar, options?: CallOptions): Promise<boolean> {
    assertSelected(calendar);
    return wasThere(removeSelectedCalendar(this.#send, calendar, options));
  }

  /** The user's connections, with the ids that {@link connection} takes. */
  async connections(options?: CallOptions): Promise<CalendarConnection[]> {
    return listConnections(this.#send, options);
  }

  /** The events and busy times of one connection. Makes no request. */
  connection(connectionId: string): CalendarConnectionClient {
    assertText("connectionId", connectionId);
    return new CalendarConnectionClient(this.#send, connectionId);
  }

  /** Whether the account is a person's own (OAuth 2): then also what the application did not connect is in it. */
  async #isOwnAccount(options?: CallOptions): Promise<boolean> {
    return detailsOf(await this.#user.record(options)).grant === "oauth";
  }
}

function assertSelected(calendar: SelectedCalendar): void {
  assertObject("The calendar", calendar);
  assertText("integration", calendar.integration);
  assertText("externalId", calendar.externalId);
  assertId("credentialId", calendar.credentialId);
}

async function wasThere(removal: Promise<void>): Promise<boolean> {
  try {
    await removal;
    return true;
  } catch (error) {
    if (error instanceof CalApiError && error.code === "not_found") return false;
    throw error;
  }
}
