/** A calendar in `GET /calendars`. */
export interface CalendarOutput {
  externalId: string;
  integration: string;
  name: string;
  primary: true | null;
  readOnly: boolean;
  email?: string;
  isSelected: boolean;
  credentialId: number;
  delegationCredentialId: string | null;
}

/** An account in `GET /calendars`. */
export interface Connected {
  integration: Record<string, unknown>;
  credentialId: number;
  delegationCredentialId?: string | null;
  primary?: CalendarOutput;
  calendars?: CalendarOutput[];
  error?: { message: string };
}

/** A calendar of the list. With a `delegationCredentialId`, one of that delegated account only. */
export function findCalendar(
  connected: Connected[],
  wanted: { integration: string; externalId: string; delegationCredentialId?: string | null | undefined },
): CalendarOutput | undefined {
  return connected
    .flatMap((entry) => entry.calendars ?? [])
    .find(
      (calendar) =>
        calendar.integration === wanted.integration &&
        calendar.externalId === wanted.externalId &&
        (wanted.delegationCredentialId == null ||
          calendar.delegationCredentialId === wanted.delegationCredentialId),
    );
}
