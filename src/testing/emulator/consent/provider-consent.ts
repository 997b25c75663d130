import type { Accounts, Account, ConsentProvider } from "../model/accounts.js";
import { page, escapeHtml } from "./page.js";

const pages: Record<string, ConsentProvider> = {
  "/provider/google/o/oauth2/v2/auth": "google",
  "/provider/office365/common/oauth2/v2.0/authorize": "office365",
};

/** Whose consent page has this path, if it is one's. */
export function consentProviderAt(pathname: string): ConsentProvider | undefined {
  return Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
}

/** The providers' consent pages. `undefined` for a path that is none. */
export async function consent(request: Request, accounts: Accounts): Promise<Response | undefined> {
  const url = new URL(request.url);
  const provider = consentProviderAt(url.pathname);
  if (!provider)
    return url.pathname.startsWith("/provider/")
      ? html(page("Not found", "<p>No such page.</p>"), 404)
      : undefined;

  const redirectUri = url.searchParams.get("redirect_uri") ?? "";
  if (!isWebUrl(redirectUri) || url.searchParams.get("response_type") !== "code") {
    const body = `<p>Error 400: redirect_uri_mismatch</p><p>This is not a request that Cal.com makes: ${escapeHtml(redirectUri)}</p>`;
    return html(page("Access blocked", body), 400);
  }
  if (request.method !== "POST") return html(choicePage(provider, accounts.list(provider)), 200);

  const choice = new URLSearchParams(await request.text());
  const account = accounts.find(provider, choice.get("account") ?? "");
  const back = new URL(redirectUri);
  const state = url.searchParams.get("state");
  if (state !== null) back.searchParams.set("state", state);
  if (choice.get("decision") === "allow" && account) {
    const hasCalendarScope = choice.get("calendars") === "yes" || provider !== "google";
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

function html(text: string, status: number): Response {
  return new Response(text, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy":
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      // The address of this page holds an access token.
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-store",
    },
  });
}

const titles: Record<ConsentProvider, string> = { google: "Google", office365: "Microsoft" };

/** A form that posts to the page's own address: nothing of the query has to be written into it. */
function choicePage(provider: ConsentProvider, accounts: Account[]): string {
  const choices = accounts.map(({ email, calendars }, index) => {
    const hint = calendars.some((calendar) => calendar.isPrimary)
      ? ""
      : " <small>has no primary calendar</small>";
    const checked = index === 0 ? " checked" : "";
    return `<label><input type="radio" name="account" value="${escapeHtml(email)}"${checked} required> ${escapeHtml(email)}${hint}</label>`;
  });
  const scope =
    provider === "google"
      ? `<fieldset><legend>Cal.com may</legend><label><input type="checkbox" name="calendars" value="yes" checked> see and edit your calendars</label></fieldset>`
      : "";
  return page(
    `Sign in to ${titles[provider]}`,
    `<p>Cal.com wants to use your calendars. This page is an emulator: no real account is involved.</p>
<form method="post">
<fieldset><legend>Choose an account</legend>${choices.join("\n")}</fieldset>
${scope}
<p class="actions"><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" class="quiet" formnovalidate>Deny</button></p>
</form>`,
  );
}
