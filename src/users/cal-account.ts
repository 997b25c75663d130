import { detailsOf } from "../tokens/details.js";
import { describeMark, type ReauthorizationInfo } from "../tokens/reauthorization.js";
import type { TokenRecord } from "../tokens/token-store.js";

/** A user's account at Cal.com: a managed user, or their own account, which was linked by OAuth 2. */
export type CalAccount = ManagedCalAccount | LinkedCalAccount;

/** A managed user: Cal.com keeps it for the application. */
export interface ManagedCalAccount {
  grant: "managed";
  calUserId: number;
}

/** The user's own Cal.com account. */
export interface LinkedCalAccount {
  grant: "oauth";
  calUserId: number;
  /** The account's address: show it, so that the user sees which account is linked. `null` if it is not known. */
  email: string | null;
  linkedAt: Date | null;
  /** When the link ends, unless it is refreshed before. */
  expiresAt: Date | null;
  /** What the tokens may do. `null` if the server does not say. */
  scopes: readonly string[] | null;
  /** The client's scopes that the tokens lack: link again to get them. */
  missingScopes: readonly string[];
  /** Why the user has to link again, and until when calls still work. `null` if all is well. */
  reauthorization: Omit<ReauthorizationInfo, "userId"> | null;
}

/** What a record says of the account. */
export function calAccountOf(record: TokenRecord, wanted: readonly string[], now: number): CalAccount {
  const { calUserId, calRefreshTokenExpiresAt } = record;
  const { grant, email = null, linkedAt, scopes } = detailsOf(record);
  if (grant === "managed") return { grant, calUserId };
  const mark = describeMark(record, now);
  return {
    grant,
    calUserId,
    email,
    linkedAt: linkedAt === undefined ? null : new Date(linkedAt),
    expiresAt: calRefreshTokenExpiresAt,
    scopes: scopes ?? null,
    missingScopes: scopes ? wanted.filter((scope) => !scopes.includes(scope)) : [],
    reauthorization: mark && { reason: mark.reason, since: mark.since, worksUntil: mark.worksUntil },
  };
}
