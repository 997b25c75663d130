import type { CalendarStatus, CalUser, OAuthProvider, UserCalendars } from "../../index.js";
import { asciiLowerCase } from "../../lib/ascii-lower-case.js";
import { toConnections, type Connection } from "../account.js";
import { HttpError } from "../http/http-error.js";
import type { AttemptResult } from "../types.js";
import { failure } from "./callback-messages.js";
import type { Found, Target } from "./oauth-state.js";

/**
 * What is connected when an attempt starts. Changes nothing.
 *
 * @param target - The connection to connect again, with the address that is remembered of it.
 * @throws HttpError 404 if the user does not have it.
 */
export async function findConnections(
  calendars: UserCalendars,
  provider: OAuthProvider,
  target?: Target,
): Promise<Found> {
  const inspected = await calendars.inspect(provider);
  const connections = own(toConnections(inspected, provider, inspected.status));
  return {
    credentialIds: idsOf(connections),
    invalidIds: idsOf(connections.filter(({ reason }) => reason === "invalid_credentials")),
    revokedIds: idsOf(connections.filter(isRevoked)),
    target: target && findTarget(connections, target),
  };
}

function findTarget(connections: readonly Connection[], { credentialId, email }: Target): Target {
  const connection = connections.find((one) => one.credentialId === credentialId);
  if (connection) return { credentialId, email: connection.email ?? email };
  throw new HttpError(404, "not_found", "This calendar is not connected any more. Load the page again.");
}

/** How an attempt has ended. */
export interface AttemptEnd {
  result: AttemptResult;
  /** The provider's connections, without delegated ones. */
  connections: Connection[];
  /** New connections of another account than the one to connect again, for `different_account`. */
  others?: Connection[];
}

/**
 * Finds out what an attempt has added, compared with what it found. The redirect proves nothing, and neither does a
 * connection of the provider that works: it may be another one.
 *
 * @param isSaved - Whether Cal.com has accepted the code.
 */
export async function findResult(
  user: CalUser,
  provider: OAuthProvider,
  found: Found,
  isSaved: boolean,
): Promise<AttemptEnd> {
  const { calendars } = user;
  const synced = await calendars.sync(provider);
  const { status } = synced;
  const connections = own(toConnections(synced, provider, status));
  const removedIds = found.credentialIds.filter((id) => !idsOf(connections).includes(id));
  const isNew = ({ credentialId }: Connection): boolean => !found.credentialIds.includes(credentialId);
  const added = connections.filter(
    (one) => one.connected && (isNew(one) || found.invalidIds.includes(one.credentialId)),
  );
  const others = connections.filter((one) => isNew(one) && isOther(one, found.target));
  if (others.length > 0 && added.every((one) => others.includes(one))) {
    return { connections, others, result: failure("different_account", removedIds) };
  }
  if (added.length > 0 && isVerified(status)) {
    return { connections, result: { connected: true, connections, added, removedIds } };
  }
  // A code works once. Of two callbacks at once, the second is rejected, and what the first has added is found above.
  if (!isSaved) return { connections, result: failure("save_failed", removedIds) };
  if (!isVerified(status)) return { connections, result: { ...status, removedIds } };
  const newOne = connections.find(isNew);
  if (newOne) return { connections, result: resultOfBroken(newOne, removedIds) };
  // Revoked when the attempt started, and still so. If the user has consented to this account again, Cal.com has ignored
  // the new tokens. Without the old connection it accepts the next ones.
  const revoked = connections.filter((one) => found.revokedIds.includes(one.credentialId));
  const ended = await endRevoked(user, provider, revoked, { all: connections, target: found.target });
  if (ended.length > 0 || found.revokedIds.some((id) => removedIds.includes(id))) {
    const left = connections.filter((one) => !ended.includes(one.credentialId));
    return { connections: left, result: failure("try_again", [...removedIds, ...ended]) };
  }
  const target = connections.find((one) => one.credentialId === found.target?.credentialId);
  const isAnyWorking = (target ? [target] : connections).some(({ connected }) => connected);
  const broken = target ?? connections[0];
  if (broken && !isAnyWorking) return { connections, result: resultOfBroken(broken, removedIds) };
  return { connections, result: failure("not_connected", removedIds) };
}

/**
 * Disconnects what was revoked at the provider beyond doubt: Cal.com ignores new tokens for such an account. Not before
 * the user has consented; and the provider doesn't accept the old tokens again.
 */
export async function disconnectRevoked(
  user: CalUser,
  provider: OAuthProvider,
  target: Target | undefined,
): Promise<void> {
  const connections = own(toConnections(await user.calendars.list(), provider));
  await endRevoked(user, provider, connections, { all: connections, target });
}

/** Disconnects those of the connections that were revoked; only the one to connect again, if it is named. */
async function endRevoked(
  user: CalUser,
  provider: OAuthProvider,
  connections: readonly Connection[],
  { all, target }: { all: readonly Connection[]; target: Target | undefined },
): Promise<number[]> {
  const revoked = connections.filter(
    (one) => isRevoked(one) && (!target || one.credentialId === target.credentialId),
  );
  if (revoked.length === 0) return [];
  // In a person's own Cal.com account only the one that the user has named, or the provider's single connection: of
  // several, it is not known which one the consent is for, and the others are not this application's to end.
  if (!target && all.length > 1 && (await user.calAccount())?.grant === "oauth") return [];
  for (const { credentialId } of revoked) await user.calendars.disconnect(provider, { credentialId });
  return idsOf(revoked);
}

type Unverified = Extract<CalendarStatus, { connected: false }>;

/** Whether Cal.com's check could be made. If it could, the connections that don't work are known one by one. */
function isVerified(status: CalendarStatus): status is Exclude<CalendarStatus, Unverified> {
  return status.connected || status.credentialId !== undefined || status.reason === "not_connected";
}

function resultOfBroken({ reason, message }: Connection, removedIds: number[]): AttemptResult {
  if (reason === null || message === null) return failure("not_connected", removedIds);
  return { connected: false, reason, message, removedIds };
}

/** Whether a connection is certain to be of another account. */
function isOther({ email }: Connection, target: Target | undefined): boolean {
  const wanted = target?.email ?? null;
  return wanted !== null && email !== null && asciiLowerCase(email) !== asciiLowerCase(wanted);
}

function own(connections: readonly Connection[]): Connection[] {
  return connections.filter(({ delegated }) => !delegated);
}

function isRevoked({ reason }: Connection): boolean {
  return reason === "revoked";
}

function idsOf(connections: readonly Connection[]): number[] {
  return connections.map(({ credentialId }) => credentialId);
}
