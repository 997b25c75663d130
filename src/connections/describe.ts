import { traitsOf } from "../calendars/providers.js";
import { messageOf } from "../calendars/status.js";
import { visibleId } from "./seen.js";
import type {
  CheckedConnection,
  ConnectionChange,
  ConnectionCheck,
  ConnectionIdentity,
  ConnectionReason,
  ConnectionStatus,
} from "./types.js";
import type { Health, KnownConnection, PendingChange, UserState } from "./user-state.js";

/** What is remembered of a user, as an application may see it. */
export function describeState(userId: string, state: UserState): ConnectionCheck {
  const { seenAt, calAccount, connections, pending } = state;
  return {
    userId,
    checkedAt: new Date(seenAt),
    calAccount: describeHealth(calAccount, null),
    connections: connections.map((known) => ({
      ...identityOf(known),
      ...describeHealth(known, traitsOf(known.integration).label),
      isRestorable: known.toRestore !== undefined,
    })),
    changes: pending.map((change) => describeChange(userId, change)),
  };
}

/** A change, as the hook receives it. */
export function describeChange(userId: string, change: PendingChange): ConnectionChange {
  const { id, connection, from, to, reason, since, restored = null } = change;
  const label = connection && traitsOf(connection.integration).label;
  return {
    id,
    userId,
    connection: connection && identityOf(connection),
    from,
    to,
    reason,
    message: explain(to, reason, label),
    since: new Date(since),
    restored,
  };
}

function identityOf({
  credentialId,
  integration,
  account,
}: Pick<KnownConnection, "credentialId" | "integration" | "account">): ConnectionIdentity {
  const { calendarType, label: name } = traitsOf(integration);
  return {
    calendarType,
    integration,
    credentialId,
    name,
    email: account === null ? null : visibleId(account),
  };
}

function describeHealth(
  { status, reason, since }: Health,
  label: string | null,
): Pick<CheckedConnection, "status" | "reason" | "message" | "since"> {
  return { status, reason, message: explain(status, reason, label), since: new Date(since) };
}

/** @param label - What the calendar is called; `null` for the Cal.com account. */
function explain(
  status: ConnectionStatus,
  reason: ConnectionReason | null,
  label: string | null,
): string | null {
  if (reason === null || status === "connected") return null;
  if (label === null) return accountMessage(reason);
  switch (reason) {
    case "revoked":
    case "invalid_credentials":
    case "provider_error":
      return messageOf(reason, label);
    case "removed":
      return `${label} was disconnected. Connect it again if that was not intended.`;
    default:
      return messageOf("unavailable", label);
  }
}

function accountMessage(reason: ConnectionReason): string {
  switch (reason) {
    case "cal_user_gone":
      return "Cal.com no longer has this account. Connect the calendars again.";
    case "missing_scope":
      return "The application may not read the calendars. Connect the Cal.com account again and allow it.";
    case "expires_soon":
      return "The link to the Cal.com account ends soon and could not be renewed. Connect the account again.";
    case "expired":
      return "The link to the Cal.com account has ended. Connect the account again.";
    case "revoked":
      return "Cal.com no longer accepts the link to this account. Connect the account again.";
    default:
      return "Cal.com can't be reached at the moment. Nothing has to be done.";
  }
}
