import type { CalAccount, ReauthorizationReason } from "../index.js";

/** A user's account at Cal.com. `managed`: the application has created it. `oauth`: it is the user's own. */
export type CalAccountView = { grant: "managed" } | LinkedCalAccount;

/** The user's own Cal.com account, which is linked to the application. Instants are ISO 8601. */
export interface LinkedCalAccount {
  grant: "oauth";
  /** The account's address: show it, so that the user sees which account is linked. `null` if it is not known. */
  email: string | null;
  linkedAt: string | null;
  /** When the link ends, unless it is used before. */
  expiresAt: string | null;
  /** Permissions that the application needs and the user has not given. Linking again asks for them. */
  missingScopes: string[];
  /** Why the user has to link again; `null` while the link works. */
  reauthorization: CalReauthorization | null;
}

/** Why and since when a Cal.com account has to be linked again. Instants are ISO 8601. */
export interface CalReauthorization {
  reason: ReauthorizationReason;
  since: string;
  /** Until when calendars can still be read; `null` if they can't be read any more. */
  worksUntil: string | null;
}

/** What a browser may see of the account: neither ids nor tokens. */
export function toCalAccountView(account: CalAccount | null): CalAccountView | null {
  if (!account) return null;
  if (account.grant === "managed") return { grant: "managed" };
  const { grant, email, linkedAt, expiresAt, missingScopes, reauthorization: mark } = account;
  return {
    grant,
    email,
    linkedAt: toText(linkedAt),
    expiresAt: toText(expiresAt),
    missingScopes: [...missingScopes],
    reauthorization: mark && {
      reason: mark.reason,
      since: mark.since.toISOString(),
      worksUntil: toText(mark.worksUntil),
    },
  };
}

function toText(instant: Date | null): string | null {
  return instant && instant.toISOString();
}
