import { assertFields, assertOneOf } from "./model/assert.js";
import { clientFields } from "./controls/oauth2-clients.js";
import type { EmulatorRateLimits } from "./http/rate-limits.js";
import type { EmulatorAccounts } from "./model/accounts.js";
import type { EmulatorOAuth2Client, OAuth2Mode } from "./model/oauth2-state.js";
import type { EmulatorPerson } from "./model/people.js";
import type { EmulatorClient } from "./model/state.js";

/** Options of {@link createCalEmulator}. */
export interface CalEmulatorOptions {
  /**
   * Id of the first client.
   *
   * @defaultValue `"test-client"`
   */
  clientId?: string | undefined;
  /**
   * Secret of the first client.
   *
   * @defaultValue `"test-secret"`
   */
  clientSecret?: string | undefined;
  /**
   * Redirect URIs of the first client. An `Origin` header must equal one of them.
   *
   * @defaultValue none
   */
  redirectUris?: string[] | undefined;
  /** Further clients. */
  clients?: EmulatorClient[] | undefined;
  /** Cal.com's OAuth 2, the successor of managed users. */
  oauth2?: EmulatorOAuth2Options | undefined;
  /**
   * API key of the first organization's owner.
   *
   * @defaultValue `"cal_ownerkey"`
   */
  apiKey?: string | undefined;
  /**
   * The source of time, which `emulator.clock` shifts.
   *
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
  /**
   * Whether rate limits are enforced, and their values. The headers are always sent.
   *
   * @defaultValue false
   */
  rateLimits?: boolean | EmulatorRateLimits | undefined;
  /**
   * Accounts of the consent pages.
   *
   * @defaultValue Alice and Carol at Google, Bob and Erin at Microsoft, Dave at Apple
   */
  accounts?: EmulatorAccounts | undefined;
  /**
   * How long Cal.com takes between a read and a write, in which concurrent requests collide: refreshing, creating,
   * saving.
   *
   * @defaultValue 0: still enough for requests that start together
   */
  latencyMs?: number | undefined;
}

/** Options of the emulator's OAuth 2. */
export interface EmulatorOAuth2Options {
  /** @defaultValue `"strict"` */
  mode?: OAuth2Mode | undefined;
  /** @defaultValue none */
  clients?: EmulatorOAuth2Client[] | undefined;
  /**
   * People with Cal.com accounts of their own, who can sign in on the authorize page.
   *
   * @defaultValue Ada and Grace
   */
  people?: EmulatorPerson[] | undefined;
  /**
   * Whether a lenient server's database knows `READ_BOOKING` and `READ_PROFILE` only. Then authorizing other scopes
   * ends with `error=server_error`.
   *
   * @defaultValue false, as recorded
   */
  hasLegacyScopesOnly?: boolean | undefined;
}

const optionFields = [
  "clientId",
  "clientSecret",
  "redirectUris",
  "clients",
  "oauth2",
  "apiKey",
  "now",
  "rateLimits",
  "accounts",
  "latencyMs",
];

/** @throws TypeError for an option that doesn't exist. */
export function assertOptions(options: CalEmulatorOptions): void {
  assertFields("createCalEmulator", options, optionFields);
  const { clients = [], oauth2 = {}, rateLimits, accounts = {} } = options;
  for (const client of clients) {
    const fields = ["id", "secret", "redirectUris", "permissions", "organizationId"];
    assertFields("An entry of clients", client, fields);
  }
  assertFields("accounts", accounts, ["google", "office365", "apple"]);
  if (typeof rateLimits === "object") {
    assertFields("rateLimits", rateLimits, ["bearer", "client", "ip", "windowMs"]);
  }
  assertOAuth2Options(oauth2);
}

function assertOAuth2Options(oauth2: EmulatorOAuth2Options): void {
  assertFields("oauth2", oauth2, ["mode", "clients", "people", "hasLegacyScopesOnly"]);
  if (oauth2.mode !== undefined) assertOneOf("oauth2.mode", oauth2.mode, ["strict", "lenient"]);
  for (const client of oauth2.clients ?? []) assertFields("An entry of oauth2.clients", client, clientFields);
  for (const person of oauth2.people ?? []) {
    assertFields("An entry of oauth2.people", person, ["email", "name", "timeZone"]);
  }
  if (oauth2.hasLegacyScopesOnly === true && oauth2.mode !== "lenient") {
    throw new TypeError('oauth2.hasLegacyScopesOnly needs mode: "lenient".');
  }
}
