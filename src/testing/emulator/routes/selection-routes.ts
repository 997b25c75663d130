import { findCalendar } from "../model/calendar-output.js";
import { listCalendars } from "../model/calendars.js";
import { forgetCalendars, selectCalendar } from "../model/credentials.js";
import { databaseError, exception } from "../model/errors.js";
import { done, success, type Call, type Reply, type Route } from "../http/route.js";
import { isInt, isString, validate } from "../http/validate.js";

const SELECTED = "/v2/selected-calendars";

export const selectionRoutes: Route[] = [
  {
    method: "PUT",
    path: "/v2/destination-calendars",
    access: "user",
    scope: "APPS_WRITE",
    handle: setDestination,
  },
  { method: "POST", path: SELECTED, access: "user", scope: "APPS_WRITE", handle: select },
  { method: "DELETE", path: SELECTED, access: "user", scope: "APPS_WRITE", handle: unselect },
];

function setDestination({ state, caller, body }: Call): Reply {
  const wanted = validate(body, [
    {
      property: "integration",
      rules: [
        {
          name: "isEnum",
          // Cal.com's message ends here.
          message: "integration must be one of the following values: ",
          ok: (value) => ["apple_calendar", "google_calendar", "office365_calendar"].includes(String(value)),
        },
      ],
    },
    { property: "externalId", rules: [isString("externalId")] },
    {
      property: "delegationCredentialId",
      optional: true,
      rules: [isString("delegationCredentialId")],
    },
  ]) as { integration: string; externalId: string; delegationCredentialId?: string | null };
  const { integration, externalId } = wanted;

  const userId = caller.user.id;
  const { connectedCalendars } = listCalendars(state, userId);
  const calendar = findCalendar(connectedCalendars, wanted);
  const row = state.destinations.get(userId);
  if (!calendar || calendar.readOnly || !row) throw exception(404, `Could not find calendar ${externalId}`);
  const { credentialId, delegationCredentialId } = calendar;
  Object.assign(row, {
    integration,
    externalId,
    credentialId,
    delegationCredentialId,
    updatedAt: state.clock.now(),
  });
  forgetCalendars(state, userId);
  return success({
    userId,
    integration,
    externalId,
    credentialId,
    ...(delegationCredentialId !== null && { delegationCredentialId }),
  });
}

/** Only the credential is checked: integration and calendar can be anything. */
function select({ state, caller, body }: Call): Reply {
  const { integration, externalId, credentialId } = validate(body, [
    { property: "integration", rules: [isString("integration")] },
    { property: "externalId", rules: [isString("externalId")] },
    { property: "credentialId", rules: [isInt("credentialId")] },
  ]) as { integration: string; externalId: string; credentialId: number };
  const userId = caller.user.id;
  requireCredential(credentialId, { state, caller });
  const row = { userId, integration, externalId, credentialId };
  if (!selectCalendar(state, row)) return done(201);
  forgetCalendars(state, userId);
  return success({ ...row }, 201);
}

function unselect({ state, caller, query }: Call): Reply {
  const { integration, externalId, credentialId } = validate(query, [
    { property: "integration", rules: [isString("integration")] },
    { property: "externalId", rules: [isString("externalId")] },
    { property: "credentialId", rules: [isString("credentialId")] },
  ]) as { integration: string; externalId: string; credentialId: string };
  const userId = caller.user.id;
  const id = Number(credentialId);
  if (!Number.isInteger(id)) throw databaseError();
  requireCredential(id, { state, caller });
  const found = state.selected.find(
    (row) => row.userId === userId && row.integration === integration && row.externalId === externalId,
  );
  if (!found) throw exception(404, "No SelectedCalendar found.");
  state.selected = state.selected.filter((row) => row !== found);
  forgetCalendars(state, userId);
  return success({ ...found });
}

function requireCredential(id: number, { state, caller }: Pick<Call, "state" | "caller">): void {
  if (state.credentials.get(id)?.userId !== caller.user.id)
    throw exception(404, "Calendar credentials not found");
}
