import { CalStoreError } from "../errors.js";
import { parseJsonObject } from "../lib/parse-json.js";
import type { ConnectionReason, ConnectionStatus, RestoredCalendars } from "./types.js";

/** How something is, and what was reported of it to the application. Instants are milliseconds since 1970. */
export interface Health {
  status: ConnectionStatus;
  reason: ConnectionReason | null;
  since: number;
  /** The last status that was certain: what the next change starts from. `null`: none was yet. */
  told: ConnectionStatus | null;
}

/** A calendar as it is remembered: its id is the provider's, or a hash of it where that may be a secret. */
export interface KnownCalendar {
  id: string;
  name: string | null;
}

/** What a connection that works again is to get back. */
export interface ToRestore {
  since: number;
  selected: KnownCalendar[];
  destination: KnownCalendar | null;
}

/** A connection, as it is remembered. */
export interface KnownConnection extends Health {
  /** Identifies the connection at Cal.com. */
  key: string;
  credentialId: number;
  integration: string;
  /** The account behind it, the same after a reconnect: an address, or a hash. `null` until it was seen working. */
  account: string | null;
  /** The calendars that Cal.com checked for conflicts when it last worked. */
  selected: KnownCalendar[];
  /** The calendar that bookings were written to, if it was one of this connection. */
  destination: KnownCalendar | null;
  /** It was missing in the last list. */
  missingSince?: number;
  toRestore?: ToRestore;
}

/** A change that the hook has not been called for yet. */
export interface PendingChange {
  id: string;
  /** `null`: the Cal.com account. */
  connection: Pick<KnownConnection, "key" | "credentialId" | "integration" | "account"> | null;
  from: ConnectionStatus;
  to: ConnectionStatus;
  reason: ConnectionReason | null;
  since: number;
  restored?: RestoredCalendars;
}

/** What `details` of a user's state hold. */
export interface UserState {
  v: 1;
  /** Whose connections these are: another Cal.com user has others. */
  calUserId: number;
  /** When the last list was asked for. */
  seenAt: number;
  calAccount: Health;
  connections: KnownConnection[];
  /** Where bookings are written to, as the last list said. */
  destination: { key: string; id: string } | null;
  /** Checks in a row that could not read something. */
  doubts: number;
  pending: PendingChange[];
  /** Calls of the hook in a row that failed. */
  hookFailures: number;
}

/** @throws CalStoreError for text that calbridge did not write. */
export function parseState(details: string | null): UserState | null {
  if (details === null) return null;
  const state = parseJsonObject(details) as UserState | undefined;
  if (state?.v === 1 && Array.isArray(state.connections) && Array.isArray(state.pending)) return state;
  throw new CalStoreError(
    "The connection store returned details that calbridge did not write. A store must keep the text of `details` unchanged.",
  );
}
