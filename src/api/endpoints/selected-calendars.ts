import type { CallOptions, Send } from "../request.js";
import type { IntegrationType } from "./calendar-list.js";
import { secretsIn } from "./calendars.js";
import { readSuccess } from "../response.js";

/** Identifies one calendar of one credential. */
export interface SelectedCalendar {
  integration: IntegrationType;
  externalId: string;
  credentialId: number;
  /** For a calendar of delegated access, whose `credentialId` is -1. */
  delegationCredentialId?: string | null | undefined;
}

const path = "/selected-calendars";

/** `POST /selected-calendars`. Its data is ignored: for a calendar that is already selected, Cal.com returns none. */
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
    read: readSuccess,
  });
}

/** `DELETE /selected-calendars`. */
export function removeSelectedCalendar(
  send: Send,
  calendar: SelectedCalendar,
  options: CallOptions = {},
): Promise<void> {
  const secrets = secretsIn(calendar.externalId);
  return send({ ...options, method: "DELETE", path, query: fieldsOf(calendar), secrets, read: readSuccess });
}

// Applications pass calendars from a list, which have more fields than Cal.com accepts.
function fieldsOf({ integration, externalId, credentialId, delegationCredentialId }: SelectedCalendar) {
  return {
    integration,
    externalId,
    credentialId,
    delegationCredentialId: delegationCredentialId ?? undefined,
  };
}
