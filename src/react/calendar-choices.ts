import { isOfConnection } from "../browser/connections.js";
import type { CalendarId, Connection, ConnectionCalendar } from "../browser/status.js";

/** A calendar that the user can choose. */
interface CalendarChoice {
  /** Different for each choice of a page. */
  key: string;
  name: string;
  calendar: ConnectionCalendar;
  /** `null` if it can't be changed: its id is secret, as that of an ICS feed. */
  reference: CalendarId | null;
}

/** The calendars of one account. */
export interface ChoiceGroup {
  key: string;
  /** The account's address, or else the provider's name. */
  label: string;
  connection: Connection;
  choices: CalendarChoice[];
}

/** The calendars of the accounts that can be read, by account. */
export function groupsOf(connections: readonly Connection[]): ChoiceGroup[] {
  return connections
    .filter(({ calendars }) => calendars.length > 0)
    .map((connection, index) => {
      const { credentialId, integration, email, name, calendars } = connection;
      // All delegated connections have the credentialId -1.
      const key = `${credentialId}-${index}`;
      const label = email ?? name;
      return {
        key,
        label,
        connection,
        choices: calendars.map((calendar, position) => {
          const { externalId } = calendar;
          return {
            key: `${key}-${position}`,
            name: calendar.name ?? externalId ?? label,
            calendar,
            reference: externalId === null ? null : { credentialId, integration, externalId },
          };
        }),
      };
    });
}

/** The number of calendars in all groups. */
export function countOf(groups: readonly ChoiceGroup[]): number {
  return groups.reduce((sum, { choices }) => sum + choices.length, 0);
}

/**
 * The calendars whose name contains the text, whatever its letter case and accents. If an account's address contains it,
 * all of that account's calendars.
 */
export function choicesMatching(groups: readonly ChoiceGroup[], text: string): ChoiceGroup[] {
  const wanted = plain(text);
  if (!wanted) return [...groups];
  return groups
    .map((group) =>
      plain(group.label).includes(wanted)
        ? group
        : { ...group, choices: group.choices.filter(({ name }) => plain(name).includes(wanted)) },
    )
    .filter(({ choices }) => choices.length > 0);
}

/** Whether two references are to the same calendar of the same account. */
export function isSame(one: CalendarId, other: CalendarId): boolean {
  return isOfConnection(one, other) && one.externalId === other.externalId;
}

function plain(text: string): string {
  return text.trim().normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
