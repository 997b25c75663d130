import type { CalAccount, ReauthorizationInfo } from "../index.js";

/** A user's account at Cal.com, as a browser may see it. Instants are ISO 8601. */
export type CalAccountView =
  | { grant: "managed" }
  | {
      grant: "oauth";
      /** The account's address: show it, so that the user sees which account is linked. `null` if it is not known. */
      email: string | null;
      linkedAt: string | null;
      /** When the link ends, unless it is used before. */
      expiresAt: string | null;
      /** What the application needs and the user has not allowed: linking again asks for it. */
      missingScopes: string[];
      /** Why the account has to be linked again, and until when calls still work. `null` if all is well. */
      reauthorization: null | {
        reason: ReauthorizationInfo["reason"];
        since: string;
        worksUntil: string | null;
      };
    };

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
