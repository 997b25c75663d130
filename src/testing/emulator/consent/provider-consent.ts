import { html } from "hono/html";
import type { Account, Accounts, ConsentProvider } from "../model/accounts.js";
import { pageResponse, type Html } from "./page.js";

const pages: Record<string, ConsentProvider> = {
  "/provider/google/o/oauth2/v2/auth": "google",
  "/provider/office365/common/oauth2/v2.0/authorize": "office365",
};

/** The provider whose consent page has this path. */
export function consentProviderAt(pathname: string): ConsentProvider | undefined {
  return Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
}

/** The providers' consent pages. `undefined` for any other path. */
export async function providerConsent(request: Request, accounts: Accounts): Promise<Response | undefined> {
  const url = new URL(request.url);
  const provider = consentProviderAt(url.pathname);
  if (!provider) {
    return url.pathname.startsWith("/provider/")
      ? pageResponse("Not found", html`<p>No such page.</p>`, 404)
      : undefined;
  }

  const redirectUri = url.searchParams.get("redirect_uri") ?? "";
  if (!isWebUrl(redirectUri) || url.searchParams.get("response_type") !== "code") {
    const body = html`<p>Error 400: redirect_uri_mismatch</p>
      <p>Cal.com doesn't send such a request: ${redirectUri}</p>`;
    return pageResponse("Access blocked", body, 400);
  }
  if (request.method !== "POST") {
    return pageResponse(`Sign in to ${titles[provider]}`, choice(provider, accounts.list(provider)));
  }

  const form = new URLSearchParams(await request.text());
  const account = accounts.find(provider, form.get("account") ?? "");
  const back = new URL(redirectUri);
  const state = url.searchParams.get("state");
  if (state !== null) back.searchParams.set("state", state);
  if (form.get("decision") === "allow" && account) {
    const hasCalendarScope = form.get("calendars") === "yes" || provider !== "google";
    back.searchParams.set("code", accounts.issueCode(provider, { account, hasCalendarScope }));
    if (provider === "google") {
      const scope = hasCalendarScope ? (url.searchParams.get("scope") ?? "") : "openid email";
      back.searchParams.set("scope", scope);
    }
  } else {
    back.searchParams.set("error", "access_denied");
    if (provider === "office365") back.searchParams.set("error_description", "The user has denied access.");
  }
  return new Response(null, { status: 302, headers: { Location: back.href, "Cache-Control": "no-store" } });
}

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

const titles: Record<ConsentProvider, string> = { google: "Google", office365: "Microsoft" };

/** A form that posts to the page's own URL, so that the query needn't be repeated in the page. */
function choice(provider: ConsentProvider, accounts: Account[]): Html {
  const choices = accounts.map(({ email, calendars }, index) => {
    const hasPrimary = calendars.some((calendar) => calendar.isPrimary);
    return html`<label
      ><input type="radio" name="account" value="${email}" ${index === 0 ? "checked" : ""} required />
      ${email} ${hasPrimary ? "" : html`<small>has no primary calendar</small>`}</label
    >`;
  });
  const scope = html`<fieldset>
    <legend>Cal.com may</legend>
    <label><input type="checkbox" name="calendars" value="yes" checked /> see and edit your calendars</label>
  </fieldset>`;
  return html`<p>
      Cal.com wants to use your calendars. This page is an emulator: no real account is involved.
    </p>
    <form method="post">
      <fieldset>
        <legend>Choose an account</legend>
        ${choices}
      </fieldset>
      ${provider === "google" ? scope : ""}
      <p class="actions">
        <button name="decision" value="allow">Allow</button>
        <button name="decision" value="deny" class="quiet" formnovalidate>Deny</button>
      </p>
    </form>`;
}
