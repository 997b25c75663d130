import type { EmulatorFetch } from "../http/fetch.js";
import { requireAccount, type Accounts, type ConsentProvider } from "../model/accounts.js";
import { assertFields } from "../model/assert.js";
import { consentProviderAt } from "./provider-consent.js";

/** What the user does on a provider's consent page. */
export interface AuthorizeOptions {
  /**
   * The account's address, or its part before the `@`.
   *
   * @defaultValue the first account on the page
   */
  account?: string | undefined;
  /** Presses Deny. */
  deny?: boolean | undefined;
  /** Presses Allow without granting access to Google's calendars. */
  withoutCalendarScope?: boolean | undefined;
}

/** Where the browser ends up. */
export interface AuthorizeResult {
  /** The first URL outside the emulator; or the emulator's own, if the browser is not sent any further. */
  redirectTo: string;
  /** The status of the last response: 301, or the error's. */
  status: number;
}

/** What the provider returns to the callback. */
export interface AuthorizeStop {
  /** `null` after Deny. */
  code: string | null;
  state: string | null;
  /** The URL of the callback (the `redirect_uri` with its query). */
  callbackUrl: string;
}

/** Goes through a provider's consent, without a browser. */
export interface ConsentWalk {
  /**
   * Follows all redirects from the consent page: the provider's, Cal.com's callback, and the application's.
   *
   * @throws TypeError if the URL is not an `authUrl` of the emulator.
   */
  (
    authUrl: string,
    options?: AuthorizeOptions & { stopBeforeCallback?: false | undefined },
  ): Promise<AuthorizeResult>;
  /** Stops at the provider's redirect, for an application that receives `code` and `state` itself. */
  (authUrl: string, options: AuthorizeOptions & { stopBeforeCallback: true }): Promise<AuthorizeStop>;
}

const MAX_STEPS = 10;

export function createConsentWalk(accounts: Accounts, fetch: EmulatorFetch): ConsentWalk {
  /** Submits the consent page. Returns the URL that the provider redirects to. */
  async function submit(authUrl: string, options: AuthorizeOptions): Promise<URL> {
    const provider = providerOf(authUrl);
    const account =
      options.account === undefined
        ? accounts.list(provider)[0]
        : requireAccount(accounts, provider, options.account);
    const form = new URLSearchParams({
      account: account?.email ?? "",
      decision: options.deny ? "deny" : "allow",
      ...(!options.withoutCalendarScope && { calendars: "yes" }),
    });
    const response = await fetch(authUrl, { method: "POST", body: form, redirect: "manual" });
    const location = response.headers.get("location");
    if (location === null) {
      throw new Error(`The consent page returned ${response.status}: is this an authUrl?`);
    }
    return new URL(location);
  }

  async function walk(authUrl: string, options: AuthorizeOptions): Promise<AuthorizeResult> {
    let at = await submit(authUrl, options);
    const { origin } = new URL(authUrl);
    let status = 302;
    for (let step = 0; at.origin === origin && step < MAX_STEPS; step++) {
      const response = await fetch(at, { redirect: "manual" });
      status = response.status;
      const location = response.headers.get("location");
      // An empty Location leads nowhere.
      if (!location) break;
      at = new URL(location, at);
    }
    return { redirectTo: at.href, status };
  }

  async function stop(authUrl: string, options: AuthorizeOptions): Promise<AuthorizeStop> {
    const { searchParams: query, href } = await submit(authUrl, options);
    return { code: query.get("code"), state: query.get("state"), callbackUrl: href };
  }

  return (async (
    authUrl: string,
    options: AuthorizeOptions & { stopBeforeCallback?: boolean } = {},
  ): Promise<AuthorizeResult | AuthorizeStop> => {
    const fields = ["account", "deny", "withoutCalendarScope", "stopBeforeCallback"];
    assertFields("provider.authorize", options, fields);
    return options.stopBeforeCallback ? stop(authUrl, options) : walk(authUrl, options);
  }) as ConsentWalk;
}

function providerOf(authUrl: string): ConsentProvider {
  const provider = URL.canParse(authUrl) ? consentProviderAt(new URL(authUrl).pathname) : undefined;
  if (!provider) {
    throw new TypeError(
      "This is not an authUrl of this emulator: pass the authUrl that connectUrl() returns.",
    );
  }
  return provider;
}
