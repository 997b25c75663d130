import { createCalEmulator, type OAuth2Mode } from "../../src/testing/index.js";
import { recordedOAuth2Clients } from "./recorded-steps-oauth2.js";
import type { RecordedAuthorization } from "./recordings.js";

const REDIRECT_URI = "http://localhost:4321/cb";

type Parameters = Record<string, string>;

/** The parameters of each recorded request beside `client_id=oc-conf`, the redirect URI and `state=st`. */
const parametersByName: Record<string, Parameters> = {
  "confidential, allow": {},
  "no state": { state: "" },
  "state with & and #": { state: "a&b=c#d%20e" },
  "redirect_uri with a slash more": { redirect_uri: `${REDIRECT_URI}/` },
  "redirect_uri with a query more": { redirect_uri: `${REDIRECT_URI}?x=1` },
  "unknown client": { client_id: "nope" },
  "pending client": { client_id: "oc-pend" },
  "rejected client": { client_id: "oc-rej" },
  "public, no challenge": { client_id: "oc-pub" },
  "public, challenge without a method": { client_id: "oc-pub", code_challenge: "x" },
  "public, S256": { client_id: "oc-pub", code_challenge: "x", code_challenge_method: "S256" },
  "public, plain": { client_id: "oc-pub", code_challenge: "x", code_challenge_method: "plain" },
  "confidential, challenge without a method": { code_challenge: "x" },
  "confidential, S256": { code_challenge: "x", code_challenge_method: "S256" },
  "unknown scope": { scope: "NO_SUCH_SCOPE" },
  "no scope": {},
  "client with scopes: a subset": { client_id: "oc-scoped", scope: "APPS_READ" },
  "client with scopes: none asked for": { client_id: "oc-scoped" },
  "client with scopes: more than registered": { client_id: "oc-scoped", scope: "APPS_READ BOOKING_WRITE" },
  "client with scopes: unknown scope": { client_id: "oc-scoped", scope: "NO_SUCH_SCOPE" },
  "client with scopes: second redirect_uri": {
    client_id: "oc-scoped",
    scope: "APPS_READ",
    redirect_uri: `${REDIRECT_URI}2`,
  },
  "legacy client: new scopes asked for": { scope: "APPS_READ" },
};

/**
 * How the authorize page differs from the recorded service behind it. A failure of the page is compared by its
 * reason. What Allow would return then is not compared: the browser can't get there.
 */
export async function authorizationDifferences(
  mode: OAuth2Mode,
  { name, page, allow }: RecordedAuthorization,
): Promise<string[]> {
  const parameters = parametersByName[name];
  if (!parameters) return ["the parameters of the request are not known"];
  const emulator = createEmulator(mode);
  const url = new URL(emulator.oauth2.authorizeUrl);
  const query = { client_id: "oc-conf", redirect_uri: REDIRECT_URI, state: "st", ...parameters };
  for (const [key, value] of Object.entries(query)) if (value !== "") url.searchParams.set(key, value);
  const result = await emulator.oauth2.authorize(url.href);

  const expected = {
    reason: page.reason ?? allow.reason ?? null,
    url: page.reason === undefined ? (allow.redirectUrl ?? null) : null,
    codeLength: page.reason === undefined ? (allow.codeLength ?? 0) : 0,
  };
  const actual = {
    reason: result.reason,
    url: result.code === null ? null : (result.redirectTo?.replace(result.code, "<code>") ?? null),
    codeLength: result.code?.length ?? 0,
  };
  return (["reason", "url", "codeLength"] as const)
    .filter((key) => actual[key] !== expected[key])
    .map((key) => `${key}: ${String(actual[key])} instead of ${String(expected[key])}`);
}

function createEmulator(mode: OAuth2Mode) {
  const redirectUris = [REDIRECT_URI, `${REDIRECT_URI}2`];
  const scoped = { id: "oc-scoped", secret: "s", redirectUris, scopes: ["APPS_READ", "APPS_WRITE"] };
  const clients = [...recordedOAuth2Clients, ...(mode === "strict" ? [scoped] : [])];
  return createCalEmulator({ oauth2: { mode, clients } });
}
