import { listCalendars, type CalendarList, type IntegrationType } from "../api/endpoints/calendar-list.js";
import {
  checkIcsFeed,
  getConnectUrl,
  saveCredentials,
  saveIcsFeed,
  setDestinationCalendar,
  type BusyTime,
  type CalendarCredential,
  type CalendarProvider,
  type CalendarReference,
  type OAuthProvider,
} from "../api/endpoints/calendars.js";
import { listConnections, type CalendarConnection } from "../api/endpoints/connections.js";
import type { SelectedCalendar } from "../api/endpoints/selected-calendars.js";
import type { ApiCall, CallOptions, Send } from "../api/request.js";
import { CalValidationError } from "../errors.js";
import { assertHttpUrl, assertObject, assertText } from "../lib/assert.js";
import { detailsOf } from "../tokens/details.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { busyTimesOf, type BusyTimesQuery } from "./busy-times.js";
import { assertAuthorized } from "./cal-state.js";
import { assertConsentPageOptions, withConsentPageOptions, type ConsentPageOptions } from "./consent-url.js";
import { connectAppleWith, type AppleCredentials } from "./connect-apple.js";
import { CalendarConnectionClient } from "./connection-calendars.js";
import { connectionsOf } from "./connections-of.js";
import { disconnectAll, disconnectById, needsCredentialId } from "./disconnect.js";
import {
  assertDisconnectable,
  assertOAuthProvider,
  assertProvider,
  type DisconnectableProvider,
} from "./providers.js";
import { selectCalendar, unselectCalendar } from "./selection.js";
import { checkStatus, statusOf, statusOfAll, type CalendarStatus } from "./status.js";
import { inspectProvider, syncProvider, type Inspection, type SyncResult } from "./sync.js";

/** What a user's calendars need of the user: to make calls as it, and to know who it is. */
export interface CalendarsUser {
  /** Makes a call as the user. */
  send: <T>(call: ApiCall<T>, need?: { minTtlMs: number }) => Promise<T>;
  /** Makes a call without authentication. */
  sendPublic: Send;
  /** A calendar was connected, disconnected or chosen. */
  changed: () => void;
  saw: (list: CalendarList) => void;
  /** Cal.com's check says that a provider's connection does not work. */
  failed: (provider: DisconnectableProvider) => void;
  record: (options?: CallOptions) => Promise<TokenRecord>;
  connectMinTtlMs: number;
}

/** Input of {@link UserCalendars.connectUrl}. */
export interface ConnectUrlInput extends ConsentPageOptions {
  /** Where the browser ends up, whatever happened. Cal.com compares it with nothing. */
  returnUrl: string;
  /**
   * Goes through the consent and stores nothing.
   * @defaultValue `false`
   */
  isDryRun?: boolean | undefined;
}

/** Input of {@link UserCalendars.disconnect}. */
export interface DisconnectInput {
  /** The connection to end, as {@link UserCalendars.list} names it. */
  credentialId?: number | undefined;
  /** Ends every connection of the provider: for OAuth 2, in the user's whole Cal.com account. */
  all?: boolean | undefined;
}

/**
 * The calendars of one user. Each method takes `{ signal, timeoutMs }` last. In a user's own Cal.com account (OAuth 2) a
 * method needs the scopes that it names: without one it throws `missing_scope`.
 */
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
   * user's access token, so it is a secret: send it to this user's browser, never to a log.
   *
   * The token in it lives for `connectMinTtlMs` or more. Disconnects nothing. Scope: `APPS_WRITE`.
   */
  async connectUrl(
    provider: OAuthProvider,
    input: ConnectUrlInput,
    options?: CallOptions,
  ): Promise<{ authUrl: string }> {
    assertOAuthProvider(provider);
    assertObject("The input", input, "{ returnUrl }");
    assertHttpUrl("returnUrl", input.returnUrl);
    assertConsentPageOptions(input);
    const need = { minTtlMs: this.#user.connectMinTtlMs };
    const query = { redir: input.returnUrl, isDryRun: input.isDryRun ?? false };
    const authUrl = await getConnectUrl((call) => this.#send(call, need), provider, query, options);
    return { authUrl: withConsentPageOptions(authUrl, provider, input) };
  }

  /**
   * Sends Cal.com the `code` and `state` that the provider sent to a callback of the application's own. With
   * Cal.com's callback this step isn't needed. Success proves nothing: {@link check} afterwards. Needs no scope.
   *
   * Cal.com ignores new tokens for an account whose old connection is revoked: {@link disconnect} that one first.
   *
   * @throws {@link CalValidationError} if the state isn't one of this user's: Cal.com would connect the calendar to the
   * user whose token the state carries.
   * @throws {@link CalApiError} `provider_code_rejected`: the code is wrong or was used before, or access to calendars was not
   * granted.
   */
  async save(
    provider: OAuthProvider,
    input: { code: string; state: string },
    options?: CallOptions,
  ): Promise<{ returnUrl: string | null }> {
    assertOAuthProvider(provider);
    assertObject("The input", input);
    const { code, state } = input;
    assertText("code", code);
    assertText("state", state);
    const { sendPublic, record } = this.#user;
    const secrets = [assertAuthorized(state, await record(options))];
    const returnUrl = await saveCredentials(sendPublic, provider, { state, code }, secrets, options);
    this.#user.changed();
    return { returnUrl };
  }

  /**
   * Asks Cal.com whether the provider's connections work: each of them. The first one that doesn't is reported;
   * {@link list} has all of them. Scope: `APPS_READ`.
   */
  async check(provider: CalendarProvider, options?: CallOptions): Promise<CalendarStatus> {
    assertProvider(provider);
    // Of Google and Office 365 there may be delegated access, of which Cal.com's check knows nothing.
    if (provider !== "apple") return (await this.inspect(provider, options)).status;
    const checked = await checkStatus(this.#send, provider, options);
    this.#report(provider, checked);
    // Cal.com keeps the list for 10 seconds, and would not see an Apple calendar that is connected next.
    if (!checked.connected && checked.reason === "not_connected") return checked;
    return statusOfAll(provider, checked, connectionsOf(await this.list(options), provider));
  }

  /** @internal What {@link sync} finds, without any change. */
  async inspect(provider: CalendarProvider, options?: CallOptions): Promise<Inspection> {
    const inspected = await inspectProvider(this.#send, provider, options);
    this.#report(provider, inspected.status);
    return inspected;
  }

  /**
   * All connections and their calendars. Cal.com keeps its response for 10 seconds, or until something is connected
   * or disconnected: an Apple calendar connected just now may be missing. {@link connectApple} says whether it is. Scope:
   * `APPS_READ`.
   */
  async list(options?: CallOptions): Promise<CalendarList> {
    const list = await listCalendars(this.#send, options);
    this.#user.saw(list);
    return list;
  }

  /**
   * Brings a provider's connections up to date: a token that works, the list, the check. If all is well, credentials
   * that duplicate another one are removed; in a user's own Cal.com account (OAuth 2) nothing is. Scope: `APPS_READ`.
   */
  async sync(provider: CalendarProvider, options?: CallOptions): Promise<SyncResult> {
    assertProvider(provider);
    const mayRemove = !(await this.#isOwnAccount(options));
    const result = await syncProvider(this.#send, provider, mayRemove, options);
    this.#report(provider, result.status);
    return result;
  }

  /**
   * Ends the connection with `credentialId`; or, for a managed user or with `all`, every connection of the provider that
   * Cal.com lists. Returns what was disconnected: nothing, if there was nothing (any more). As {@link list} may be 10
   * seconds old, a connection created just before may be missed. Delegated access stays: only an administrator can end
   * it.
   *
   * In a user's own Cal.com account (OAuth 2) a connection belongs to the person: ending it also ends it for what the
   * person does with Cal.com outside of this application. Scopes: `APPS_READ`, `APPS_WRITE`.
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
    if (credentialId === undefined && all !== true && (await this.#isOwnAccount(options))) {
      throw needsCredentialId(provider);
    }
    const disconnected =
      credentialId === undefined
        ? await disconnectAll(this.#send, provider, options)
        : await disconnectById(this.#send, provider, credentialId, options);
    if (disconnected.length > 0) this.#user.changed();
    return { disconnected };
  }

  /**
   * Connects Apple's calendar with an app-specific password. Cal.com tries it, except for a user name that it has
   * already: then it keeps the old password. To change the password of a connection, {@link disconnect} it first.
   * Scope: `APPS_WRITE`.
   *
   * @returns Whether it is connected. `listed: false`: it is, and takes up to 10 seconds to appear in {@link list}.
   * @throws {@link CalApiError} `bad_request` (400): the user name or the password is wrong.
   */
  async connectApple(credentials: AppleCredentials, options?: CallOptions): Promise<CalendarStatus> {
    const status = await connectAppleWith(this.#send, credentials, options);
    this.#user.changed();
    return status;
  }

  /** Subscribes to ICS feeds. Each call creates a new credential, for the same feeds too. Scope: `APPS_WRITE`. */
  async saveIcsFeed(
    feed: { urls: readonly string[]; readOnly?: boolean | undefined },
    options?: CallOptions,
  ): Promise<CalendarCredential> {
    assertObject("The feed", feed);
    if (!Array.isArray(feed.urls) || feed.urls.length === 0) {
      throw new CalValidationError("urls must be a list of one URL or more.");
    }
    for (const url of feed.urls) assertHttpUrl("Each of urls", url);
    const credential = await saveIcsFeed(this.#send, feed, options);
    this.#user.changed();
    return credential;
  }

  /** Asks Cal.com whether the ICS feeds work. Scope: `APPS_READ`. */
  async checkIcsFeed(options?: CallOptions): Promise<CalendarStatus> {
    return statusOf("ics-feed", checkIcsFeed(this.#send, options));
  }

  /**
   * When the user is busy, by the given calendars; without `calendars`, by all that are selected, which costs one more
   * call: {@link list}. Times may overlap. Scope: `APPS_READ`.
   *
   * @throws {@link CalApiError} `calendar_unreadable` without `calendars` if a connection can't be read: its busy times
   * would be missing. `skipUnreadable` leaves it out.
   */
  async busyTimes(query: BusyTimesQuery, options?: CallOptions): Promise<BusyTime[]> {
    return busyTimesOf(this.#send, query, options);
  }

  /**
   * Sets the calendar that bookings are written to. If two connections share the calendar, Cal.com takes the one that it
   * lists first; the result says which one that is. Scope: `APPS_WRITE`.
   *
   * @throws {@link CalApiError} `not_found` (404): the calendar is read-only, or none of the user's.
   */
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
    const destination = await setDestinationCalendar(this.#send, calendar, options);
    this.#user.changed();
    return destination;
  }

  /** Adds a calendar to those that Cal.com checks for conflicts. Idempotent. Scope: `APPS_WRITE`. */
  async select(calendar: SelectedCalendar, options?: CallOptions): Promise<void> {
    await selectCalendar(this.#send, calendar, options);
    this.#user.changed();
  }

  /** Removes a calendar from those that Cal.com checks for conflicts. Returns whether it was one of them. Scope: `APPS_WRITE`. */
  async unselect(calendar: SelectedCalendar, options?: CallOptions): Promise<boolean> {
    const wasSelected = await unselectCalendar(this.#send, calendar, options);
    if (wasSelected) this.#user.changed();
    return wasSelected;
  }

  /** The user's connections, with the ids that {@link connection} takes. OAuth 2: `unavailable_for_grant`; use {@link list}. */
  async connections(options?: CallOptions): Promise<CalendarConnection[]> {
    return listConnections(this.#send, options);
  }

  /** The events and busy times of one connection, for managed users. Makes no request. */
  connection(connectionId: string): CalendarConnectionClient {
    assertText("connectionId", connectionId);
    return new CalendarConnectionClient(this.#send, connectionId);
  }

  /** Cal.com's list does not tell of a credential that it has marked as invalid. */
  #report(provider: CalendarProvider, status: CalendarStatus): void {
    if (!status.connected && status.reason !== "not_connected") this.#user.failed(provider);
  }

  /** Whether the account is a person's own (OAuth 2): then also what the application did not connect is in it. */
  async #isOwnAccount(options?: CallOptions): Promise<boolean> {
    return detailsOf(await this.#user.record(options)).grant === "oauth";
  }
}
