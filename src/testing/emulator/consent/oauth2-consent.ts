import { html } from "hono/html";
import {
  allow,
  deny,
  openAuthorizePage,
  readAuthorizeRequest,
  type AuthorizeRequest,
  type AuthorizeStep,
} from "../model/oauth2-authorize.js";
import { isLegacy } from "../model/oauth2-clients.js";
import type { OAuth2Client } from "../model/oauth2-state.js";
import { peopleOf } from "../model/people.js";
import type { State, User } from "../model/state.js";
import { pageResponse, type Html } from "./page.js";

const PATH = "/auth/oauth2/authorize";

/**
 * Cal.com's authorize page: signing in, then the question. `undefined` for any other path.
 *
 * The page keeps no session. The second form carries who has signed in.
 */
export async function oauth2Consent(request: Request, state: State): Promise<Response | undefined> {
  const url = new URL(request.url);
  if (url.pathname !== PATH) return undefined;
  // Cal.com's page stays empty then.
  if (!url.searchParams.get("redirect_uri")) return pageResponse("", html``);

  const authorize = readAuthorizeRequest(url);
  const form = new URLSearchParams(request.method === "POST" ? await request.text() : "");
  const user = peopleOf(state).find(({ id }) => String(id) === form.get("person"));
  if (!user) {
    const opened = openAuthorizePage(state, authorize, undefined);
    return opened.kind === "ask" ? signInPage(peopleOf(state)) : respond(opened);
  }
  return continueAs(state, authorize, user, form, url);
}

async function continueAs(
  state: State,
  authorize: AuthorizeRequest,
  user: User,
  form: URLSearchParams,
  url: URL,
): Promise<Response> {
  const opened = openAuthorizePage(state, authorize, user);
  if (opened.kind !== "ask") return respond(opened);
  const teams = [...state.teams.values()].filter(({ ownerId }) => ownerId === user.id);
  const team = teams.find(({ id }) => String(id) === form.get("team"));
  const decision = form.get("decision");
  if (opened.client.isTrusted || decision === "allow") {
    return respond(allow(state, authorize, user, team?.id ?? null));
  }
  if (decision === "deny") return respond(deny(state, authorize, user));
  const choices = url.searchParams.get("show_account_selector") === "true" ? teams : [];
  return questionPage(opened, user, choices);
}

function respond(step: AuthorizeStep): Promise<Response> | Response {
  if (step.kind === "redirect") {
    return new Response(null, {
      status: 302,
      headers: { Location: step.url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
    });
  }
  return pageResponse("Cal.com", html`<p role="alert">${step.kind === "page" ? step.message : ""}</p>`);
}

/** A form that posts to the page's own URL, so that the query needn't be repeated in the page. */
function signInPage(people: User[]): Promise<Response> {
  const choices = people.map(
    ({ id, name, email }, index) =>
      html`<label
        ><input type="radio" name="person" value="${id}" ${index === 0 ? "checked" : ""} required /> ${name}
        <small>${email}</small></label
      >`,
  );
  return pageResponse(
    "Sign in to Cal.com",
    html`<p>This page is an emulator: no real account is involved.</p>
      <form method="post">
        <fieldset>
          <legend>Choose an account</legend>
          ${choices}
        </fieldset>
        <p class="actions"><button name="decision" value="sign-in">Sign in</button></p>
      </form>`,
  );
}

const scopeLabels: Record<string, string> = {
  EVENT_TYPE_READ: "View event types",
  EVENT_TYPE_WRITE: "Create, edit, and delete event types",
  BOOKING_READ: "View bookings",
  BOOKING_WRITE: "Create, edit, and delete bookings",
  SCHEDULE_READ: "View availability",
  SCHEDULE_WRITE: "Create, edit, and delete availability",
  APPS_READ: "View connected apps",
  APPS_WRITE: "Connect and disconnect apps",
  PROFILE_READ: "View personal info and primary email address",
  PROFILE_WRITE: "Edit personal info",
};

function questionPage(
  { client, scopes }: { client: OAuth2Client; scopes: string[] },
  user: User,
  teams: { id: number; name: string }[],
): Promise<Response> {
  const permissions = isLegacy(scopes)
    ? html`<li>Access all data of your account</li>`
    : scopes.map((scope) => html`<li>${scopeLabels[scope] ?? ""} <small>${scope}</small></li>`);
  return pageResponse(
    `${client.name} would like access to your Cal.com account`,
    html`<p>
        Signed in as ${user.name} (${user.email}). This page is an emulator: no real account is involved.
      </p>
      <p>This will allow ${client.name} to:</p>
      <ul>
        ${permissions}
      </ul>
      <form method="post">
        <input type="hidden" name="person" value="${user.id}" />
        ${teams.length > 0 ? accountSelector(user, teams) : ""}
        <p class="actions">
          <button name="decision" value="allow">Allow</button>
          <button name="decision" value="deny" class="quiet">Go back</button>
        </p>
      </form>`,
  );
}

function accountSelector(user: User, teams: { id: number; name: string }[]): Html {
  const choice = (id: string, name: string | null, isChecked: boolean): Html =>
    html`<label
      ><input type="radio" name="team" value="${id}" ${isChecked ? "checked" : ""} /> ${name}</label
    >`;
  return html`<fieldset>
    <legend>Select an account</legend>
    ${choice("", user.name, true)} ${teams.map(({ id, name }) => choice(String(id), name, false))}
  </fieldset>`;
}
