import { textOf } from "../http/query.js";
import { movedTo, success, type Call, type Reply, type Route } from "../http/route.js";
import type { ConsentProvider } from "../model/accounts.js";
import { forgetCalendars, selectCalendar, storeCredential } from "../model/credentials.js";
import { bare, databaseError, exception, plain } from "../model/errors.js";
import { integrations } from "../model/integrations.js";
import { findThirdPartyToken, subjectOf } from "../model/oauth2-tokens.js";
import type { State } from "../model/state.js";

export const connectRoutes: Route[] = [
  {
    method: "GET",
    path: "/v2/calendars/:calendar/connect",
    access: "bearer",
    scope: "APPS_WRITE",
    handle: connect,
  },
  { method: "GET", path: "/v2/calendars/:calendar/save", access: "public", handle: save },
  { method: "GET", path: "/v2/gcal/oauth/auth-url", access: "bearer", handle: atomAuthUrl },
  { method: "GET", path: "/v2/gcal/oauth/save", access: "public", handle: relay },
];

export const unknownCalendar = (): Error =>
  // Cal.com passes the list of names as the reason, so that it ends up in `error`.
  exception(400, "Invalid calendar type, available calendars are: ", "google, office365, apple");

function consentProvider(call: Call): ConsentProvider {
  const name = call.param("calendar");
  if (name !== "google" && name !== "office365") throw unknownCalendar();
  return name;
}

/** `redir` is not validated. Given twice, it is a list. */
function connect(call: Call): Reply {
  const { query, headers, caller, origin } = call;
  const provider = consentProvider(call);
  const state = JSON.stringify({
    accessToken: caller.bearer,
    origin: headers.get("origin") ?? new URL(origin).host,
    redir: query["redir"] ?? "",
    ...(query["isDryRun"] !== undefined && { isDryRun: query["isDryRun"] === "true" }),
  });
  return success({ authUrl: authUrl(origin, provider, state) });
}

/** Undocumented and unusable: `save` rejects the state in its URL. */
function atomAuthUrl({ headers, caller, origin }: Call): Reply {
  const from = headers.get("origin") ?? new URL(origin).host;
  return success({ authUrl: authUrl(origin, "google", `accessToken=${caller.bearer}&origin=${from}`) });
}

/** The parameters are those of the real providers. The page is the emulator's. */
function authUrl(origin: string, provider: ConsentProvider, state: string): string {
  const google: [string, string][] = [
    ["access_type", "offline"],
    [
      "scope",
      "https://www.googleapis.com/auth/calendar.readonly https://www.googleapis.com/auth/calendar.events",
    ],
    ["prompt", "consent"],
    ["state", state],
    ["response_type", "code"],
    ["client_id", "fake-google-client.apps.googleusercontent.com"],
    ["redirect_uri", `${origin}/v2/gcal/oauth/save`],
  ];
  const office: [string, string][] = [
    ["response_type", "code"],
    ["scope", "User.Read Calendars.Read Calendars.ReadWrite offline_access"],
    ["client_id", "fake-ms-client"],
    ["prompt", "select_account"],
    ["redirect_uri", `${origin}/v2/calendars/office365/save`],
    ["state", state],
  ];
  const [page, parameters] =
    provider === "google"
      ? ["google/o/oauth2/v2/auth", google]
      : ["office365/common/oauth2/v2.0/authorize", office];
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return `${origin}/provider/${page}?${query}`;
}

/** Google redirects the browser here. Redirects to `save`, with `undefined` for missing parameters. */
function relay({ query, origin }: Call): Reply {
  const text = (name: string): string => encodeURIComponent(textOf(query[name]));
  return movedTo(`${origin}/v2/calendars/google/save?code=${text("code")}&state=${text("state")}`);
}

interface ConsentState {
  accessToken?: unknown;
  origin?: unknown;
  redir?: unknown;
  isDryRun?: unknown;
}

/** Parses JSON, or else a query string that must have `isDryRun`, `origin` and `accessToken`. */
function readState(given: unknown): ConsentState {
  const text = given === undefined ? "" : textOf(given);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // SyntaxError: not JSON.
    const parameters = new URLSearchParams(text);
    const missing = ["isDryRun", "origin", "accessToken"].filter((name) => !parameters.has(name));
    if (missing.length > 0) {
      const message = missing.map((name) => `${name} - Expected string, received null, `).join("");
      throw plain(400, "BAD_REQUEST", message);
    }
    return Object.fromEntries(parameters);
  }
  if (parsed === null) throw bare(500);
  return parsed as ConsentState;
}

/**
 * The callback. Only the state's access token decides whose calendar it is, and the redirect doesn't tell whether
 * anything was saved.
 */
async function save(call: Call): Promise<Reply> {
  const provider = consentProvider(call);
  const { accessToken, origin, redir, isDryRun } = readState(call.query["state"]);
  const { code } = call.query;
  const back = movedTo(redir === undefined || redir === null || redir === "" ? origin : redir);
  const isDenied = code === undefined || code === "" || code === "undefined";
  if (isDenied || isDryRun || accessToken === undefined) return back;
  // The database can't look up another type.
  if (typeof accessToken !== "string") throw databaseError();

  const userId = ownerOf(call.state, accessToken);
  if (userId === undefined) throw exception(401, "Invalid Access token.");
  call.actsFor(userId);
  await saveConsent(call.state, provider, userId, textOf(code));
  return back;
}

/** A managed user's access token works here as long as it exists, also expired. An OAuth 2 token must not be. */
function ownerOf(state: State, accessToken: string): number | undefined {
  const thirdParty = findThirdPartyToken(state, accessToken);
  return state.accessTokens.get(accessToken)?.userId ?? (thirdParty && subjectOf(state, thirdParty))?.id;
}

async function saveConsent(
  state: State,
  provider: ConsentProvider,
  userId: number,
  code: string,
): Promise<void> {
  const consent = state.accounts.redeem(provider, code);
  if (!consent || (provider === "google" && !consent.hasCalendarScope)) {
    // A rejection by Microsoft is ignored, and one by Google is not caught.
    if (provider === "google") throw bare(500);
    return;
  }
  const { account } = consent;
  const { type } = integrations[provider];
  const primary = account.calendars.find((calendar) => calendar.isPrimary);
  if (!primary) return;

  const isSame = state.selected.find(
    (row) => row.userId === userId && row.integration === type && row.externalId === primary.externalId,
  );
  if (isSame) {
    const old = state.credentials.get(isSame.credentialId);
    // Cal.com doesn't know here that the provider has revoked it, and drops the new tokens.
    if (!old?.invalid) return;
    Object.assign(old, { invalid: false, revoked: false });
    forgetCalendars(state, userId);
    return;
  }
  // Concurrent callbacks all get here before the first of them writes.
  await state.pause();
  const { id } = storeCredential(state, { userId, type, account: account.email });
  selectCalendar(state, { userId, integration: type, externalId: primary.externalId, credentialId: id });
  forgetCalendars(state, userId);
}
