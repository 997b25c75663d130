import type { CallOptions, Send } from "../request.js";
import type { IntegrationType } from "./calendar-list.js";
import { secretsIn } from "./calendars.js";
import { nothing } from "../response.js";

/** Names one calendar of one credential. */
export interface SelectedCalendar {
  integration: IntegrationType;
  externalId: string;
  credentialId: number;
  /** For a calendar of delegated access, whose `credentialId` is -1. */
  delegationCredentialId?: string | null | undefined;
}

const path = "/selected-calendars";

/** `POST /selected-calendars`. Repeated, it answers 201 without data, so the answer's data is of no use. */
export function addSelectedCalendar(
  send: Send,
  calendar: SelectedCalendar,
  options: CallOptions = {},
): Promise<void> {
  const secrets = secretsIn(calendar.externalId);
  return send({
    ...options,
    method: "POST",
    path,
    body: fieldsOf(calendar),
    secrets,
    idempotent: true,
    read: nothing,
  });
}

/** `DELETE /selected-calendars`. */
export function removeSelectedCalendar(
  send: Send,
  calendar: SelectedCalendar,
  options: CallOptions = {},
): Promise<void> {
  const secrets = secretsIn(calendar.externalId);
  return send({ ...options, method: "DELETE", path, query: fieldsOf(calendar), secrets, read: nothing });
}

// A calendar from a list has more to it than Cal.com wants to hear.
function fieldsOf({ integration, externalId, credentialId, delegationCredentialId }: SelectedCalendar) {
  return {
    integration,
    externalId,
    credentialId,
    delegationCredentialId: delegationCredentialId ?? undefined,
  };
}
