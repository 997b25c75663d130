import {
  allow,
  deny,
  openAuthorizePage,
  readAuthorizeRequest,
  type AuthorizeReason,
  type AuthorizeStep,
} from "../model/oauth2-authorize.js";
import { findUser, peopleOf } from "../model/people.js";
import type { State, User } from "../model/state.js";
import { assertFields } from "../model/assert.js";

/** What a person does on Cal.com's authorize page. */
export interface OAuth2AuthorizeOptions {
  /**
   * Who signs in: Cal.com's id, the address, or its part before the `@`.
   *
   * @defaultValue the first person
   */
  person?: number | string | undefined;
  /** Presses "Go back". */
  deny?: boolean | undefined;
  /** Authorizes for a team: its id. The URL must have `show_account_selector=true`. */
  teamId?: number | undefined;
}

/** Where the authorize page leads. */
export interface OAuth2AuthorizeResult {
  /** The URL that the browser is redirected to. `null` if it stays on Cal.com's page. */
  redirectTo: string | null;
  code: string | null;
  state: string | null;
  /** The `error` of the redirect. */
  error: string | null;
  /** The sentence on Cal.com's page, if the browser stays there. */
  message: string | null;
  /** Cal.com's own code for the failure. */
  reason: AuthorizeReason | null;
}

/** Opens the authorize page as a person. */
export type OAuth2Authorize = (
  url: string,
  options?: OAuth2AuthorizeOptions,
) => Promise<OAuth2AuthorizeResult>;

export function createAuthorize(state: State, authorizeUrl: () => string): OAuth2Authorize {
  function requireUser(person: number | string | undefined): User {
    const user = person === undefined ? peopleOf(state)[0] : findUser(state, person);
    if (user) return user;
    const known = peopleOf(state).map(({ email }) => email);
    throw new Error(
      `The emulator has no person ${String(person)}. There are: ${known.join(", ") || "none"}.`,
    );
  }

  function requireTeam({ searchParams }: URL, teamId: number): number {
    if (!state.teams.has(teamId)) {
      throw new Error(`The emulator has no team with the id ${teamId}: people.createTeam() returns it.`);
    }
    if (searchParams.get("show_account_selector") !== "true") {
      throw new Error("The page offers teams only with show_account_selector=true in its URL.");
    }
    return teamId;
  }

  function authorize(given: string, options: OAuth2AuthorizeOptions): OAuth2AuthorizeResult {
    assertFields("oauth2.authorize", options, ["person", "deny", "teamId"]);
    const url = URL.canParse(given) ? new URL(given) : undefined;
    if (!url || url.origin + url.pathname !== authorizeUrl()) {
      throw new TypeError(`This is not a URL of this emulator's authorize page, ${authorizeUrl()}.`);
    }
    const request = readAuthorizeRequest(url);
    const user = requireUser(options.person);
    const teamId = options.teamId === undefined ? null : requireTeam(url, options.teamId);
    const opened = openAuthorizePage(state, request, user);
    if (opened.kind !== "ask") return resultOf(opened);
    // A trusted client is redirected without a question that could be denied.
    const isDenied = options.deny === true && !opened.client.isTrusted;
    return resultOf(isDenied ? deny(state, request, user) : allow(state, request, user, teamId));
  }

  return (url, options = {}) => Promise.resolve().then(() => authorize(url, options));
}

function resultOf(step: AuthorizeStep): OAuth2AuthorizeResult {
  const nothing = { redirectTo: null, code: null, state: null, error: null, message: null, reason: null };
  if (step.kind === "page") return { ...nothing, message: step.message, reason: step.reason };
  if (step.kind === "ask") return nothing;
  const { searchParams } = new URL(step.url);
  return {
    ...nothing,
    redirectTo: step.url,
    code: searchParams.get("code"),
    state: searchParams.get("state"),
    error: searchParams.get("error"),
    reason: step.reason,
  };
}
