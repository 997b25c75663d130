import type { OAuthOptions } from "../../client-options.js";
import { DEFAULT_SCOPES } from "../../resolve-options.js";
import { detailsOf } from "../../tokens/details.js";
import type { TokenRecord } from "../../tokens/token-store.js";
import { cloudPageOf } from "./cloud.js";
import { note, wrong, type Finding } from "./finding.js";

/** Scopes of older servers, and of clients from before the newer scopes: their tokens may do everything. */
const isLegacy = (scope: string): boolean => /^READ_(BOOKING|PROFILE)$/.test(scope);

/** Whether the scopes that are sent are enough for what calbridge does, and whether the server knows them. */
export function checkScopes({ scopes }: OAuthOptions, baseUrl: string): Finding[] {
  const isCloud = cloudPageOf(baseUrl) !== undefined;
  if (scopes?.length === 0) {
    if (!isCloud) return [];
    return [
      note(
        "CAL_OAUTH_SCOPES is empty, so none are sent to Cal.com's cloud.",
        `A client with scopes needs them: its page says "scope parameter is required". Remove CAL_OAUTH_SCOPES to send ${DEFAULT_SCOPES.join(", ")}.`,
      ),
    ];
  }
  const findings = checkMissing(scopes ?? DEFAULT_SCOPES);
  if (isCloud) return findings;
  return [
    ...findings,
    note(
      `CAL_API_URL is not Cal.com's cloud, and scopes are sent: ${scopes?.join(", ") ?? "the default ones"}.`,
      "An older server knows READ_BOOKING and READ_PROFILE only, and its page ends with server_error. If yours does: CAL_OAUTH_SCOPES= (set and empty) sends none.",
    ),
  ];
}

function checkMissing(scopes: readonly string[]): Finding[] {
  if (scopes.every(isLegacy)) return [];
  const missing = DEFAULT_SCOPES.filter((scope) => !scopes.includes(scope));
  if (missing.length === 0) return [];
  const text = `CAL_OAUTH_SCOPES lacks ${missing.join(", ")}.`;
  const help =
    "APPS_READ lists and checks calendars, APPS_WRITE connects them, PROFILE_READ says whose account is linked. Users who have linked have to link again after a change.";
  // Without the profile a link works, and the account's address is not known.
  return [missing.some((scope) => scope.startsWith("APPS_")) ? wrong(text, help) : note(text, help)];
}

/** Links that were made with fewer scopes than are asked for now. */
export function checkLinkedScopes(
  links: readonly TokenRecord[],
  wanted: readonly string[] = DEFAULT_SCOPES,
): { links: TokenRecord[]; missing: string[] } {
  const missing = new Set<string>();
  const lacking = links.filter((link) => {
    const { scopes } = detailsOf(link);
    if (!scopes || scopes.every(isLegacy)) return false;
    const absent = wanted.filter((scope) => !scopes.includes(scope));
    for (const scope of absent) missing.add(scope);
    return absent.length > 0;
  });
  return { links: lacking, missing: [...missing].sort() };
}
