import type { CalendarList, ConnectedCalendar } from "../api/endpoints/calendar-list.js";
import { isDelegated } from "../calendars/connections-of.js";
import { traitsOf } from "../calendars/providers.js";
import { reasonOfListError } from "../calendars/status.js";
import { sha256, toBase64Url } from "../lib/digest.js";
import type { Verdict } from "./health.js";
import type { Marks } from "./marks.js";
import type { KnownCalendar } from "./user-state.js";

/** A calendar in Cal.com's list. */
export interface SeenCalendar extends KnownCalendar {
  isSelected: boolean;
  isPrimary: boolean;
  /** As Cal.com wants it to select the calendar: may be a secret, so it is not remembered. */
  externalId: string;
}

/** A connection in Cal.com's list. */
export interface SeenConnection {
  key: string;
  credentialId: number;
  delegationCredentialId: string | null;
  integration: string;
  /** An address, or a hash. `null` while the connection can't be read. */
  account: string | null;
  verdict: Verdict;
  /** Whether Cal.com may still have it marked as invalid: that could not be read. */
  mayBeInvalid: boolean;
  /** Empty while the connection can't be read. */
  calendars: SeenCalendar[];
}

/** Cal.com's list of a user's connections. */
export interface SeenList {
  connections: SeenConnection[];
  /** Where bookings are written to. `null` if nowhere, or if its connection can't be read. */
  destination: { key: string; id: string; isPrimary: boolean } | null;
  /** Whether something could not be read that belongs to the list. */
  isDoubtful: boolean;
}

/** What a check has seen. */
export interface Seen {
  /** When the list was asked for, in milliseconds since 1970. */
  at: number;
  calUserId: number;
  calAccount: Verdict;
  /** `null` if Cal.com returned none. */
  list: SeenList | null;
}

// Long ids are remembered as a hash too, so that the details stay short.
const MAX_ID_LENGTH = 200;
const MAX_NAME_LENGTH = 80;
const HASH = "sha256:";

/** The id by which a calendar is remembered, as an application may see it. */
export function visibleId(id: string): string | null {
  return id.startsWith(HASH) ? null : id;
}

/** What a list says, together with Cal.com's checks. */
export async function toSeenList(list: CalendarList, marks: Marks): Promise<SeenList> {
  const connections = await Promise.all(list.connectedCalendars.map((one) => toSeenConnection(one, marks)));
  const { isDoubtful } = marks;
  return { connections, destination: destinationOf(list, connections), isDoubtful };
}

async function toSeenConnection(
  connected: ConnectedCalendar,
  { invalid, unknown }: Marks,
): Promise<SeenConnection> {
  const { credentialId, delegationCredentialId, integration, primary, error } = connected;
  const { hasSecretIds } = traitsOf(integration.type);
  const calendars = error
    ? []
    : await Promise.all(
        connected.calendars.map(async (calendar) => ({
          id: await rememberedId(calendar.externalId, hasSecretIds),
          name: hasSecretIds ? null : (calendar.name?.slice(0, MAX_NAME_LENGTH) ?? null),
          isSelected: calendar.isSelected ?? false,
          isPrimary: calendar.primary ?? false,
          externalId: calendar.externalId,
        })),
      );
  return {
    key: isDelegated(connected) ? `delegated:${delegationCredentialId ?? ""}` : String(credentialId),
    credentialId,
    delegationCredentialId,
    integration: integration.type,
    account: error ? null : await accountOf(primary?.email ?? null, calendars, hasSecretIds),
    verdict: verdictOf(connected, invalid),
    mayBeInvalid: unknown.has(credentialId),
    calendars,
  };
}

function verdictOf({ credentialId, error }: ConnectedCalendar, invalid: ReadonlySet<number>): Verdict {
  if (error) {
    const reason = reasonOfListError(error.message);
    if (reason === "revoked") return { status: "broken", reason };
    return { status: "unavailable", reason: reason === "unavailable" ? reason : "provider_error" };
  }
  if (invalid.has(credentialId)) return { status: "broken", reason: "invalid_credentials" };
  return { status: "connected", reason: null };
}

/** What stays the same when the user connects the account again. A feed has its addresses only. */
async function accountOf(
  email: string | null,
  calendars: readonly SeenCalendar[],
  hasSecretIds: boolean,
): Promise<string | null> {
  if (!hasSecretIds) return email;
  const ids = calendars.map(({ id }) => id).sort();
  return ids.length === 0 ? null : hashOf(JSON.stringify(ids));
}

async function rememberedId(externalId: string, isSecret: boolean): Promise<string> {
  return isSecret || externalId.length > MAX_ID_LENGTH || externalId.startsWith(HASH)
    ? hashOf(externalId)
    : externalId;
}

async function hashOf(text: string): Promise<string> {
  return HASH + toBase64Url(await sha256(text));
}

function destinationOf(
  { destinationCalendar }: CalendarList,
  connections: readonly SeenConnection[],
): SeenList["destination"] {
  if (!destinationCalendar) return null;
  const { integration, externalId, credentialId } = destinationCalendar;
  const found = connections
    .filter((connection) => connection.integration === integration)
    .flatMap(({ key, credentialId: id, calendars }) =>
      calendars
        .filter((calendar) => calendar.externalId === externalId)
        .map((calendar) => ({
          key,
          id: calendar.id,
          isPrimary: calendar.isPrimary,
          isOwn: id === credentialId,
        })),
    );
  // Two accounts may have the same calendar.
  const best = found.find(({ isOwn }) => isOwn) ?? found[0];
  return best ? { key: best.key, id: best.id, isPrimary: best.isPrimary } : null;
}
