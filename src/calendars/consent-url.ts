import type { OAuthProvider } from "../api/endpoints/calendars.js";
import { CalValidationError } from "../errors.js";
import { assertText } from "../lib/assert.js";
import { providers } from "./providers.js";

/** What the provider's consent page shows first. */
export interface ConsentPageOptions {
  /**
   * Asks which account to use, also if the browser is signed in to one: for a second account. Office 365's page always
   * asks.
   * @defaultValue `false`
   */
  selectAccount?: boolean | undefined;
  /** The address of the account that the page suggests. The user can choose another one. */
  loginHint?: string | undefined;
}

// The longest address that RFC 5321 allows.
const MAX_HINT_LENGTH = 320;

/** Rejects options of a consent page that are not valid. */
export function assertConsentPageOptions({ selectAccount, loginHint }: ConsentPageOptions): void {
  if (selectAccount !== undefined && typeof selectAccount !== "boolean") {
    throw new CalValidationError("selectAccount must be true or false.");
  }
  if (loginHint === undefined) return;
  assertText("loginHint", loginHint);
  if (loginHint.length > MAX_HINT_LENGTH) {
    throw new CalValidationError(`loginHint must have at most ${String(MAX_HINT_LENGTH)} characters.`);
  }
}

/**
 * Adds the options to the URL of a consent page: `prompt` and `login_hint` of OpenID Connect, section 3.1.2.1. What Cal.com
 * has put into the URL stays.
 */
export function withConsentPageOptions(
  authUrl: string,
  provider: OAuthProvider,
  { selectAccount, loginHint }: ConsentPageOptions,
): string {
  if (!selectAccount && loginHint === undefined) return authUrl;
  const url = new URL(authUrl);
  if (selectAccount) {
    const prompt = url.searchParams.get("prompt") ?? "";
    url.searchParams.set("prompt", promptWith(prompt, providers[provider].isPromptSingle));
  }
  if (loginHint !== undefined) url.searchParams.set("login_hint", loginHint);
  return url.href;
}

/** Microsoft rejects more than one value (AADSTS90023). Google needs Cal.com's `consent` to issue a refresh token. */
function promptWith(prompt: string, isSingle: boolean): string {
  if (isSingle) return "select_account";
  const values = new Set(prompt.split(" ").filter((value) => value !== "" && value !== "none"));
  return [...values.add("select_account")].join(" ");
}
