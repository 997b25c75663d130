import { CalTokenError } from "../errors.js";
import { detailsOf, type TokenDetails } from "../tokens/details.js";
import type { Grant } from "../tokens/grant.js";
import type { TokenRecord } from "../tokens/token-store.js";

/** Finds the grant that a record's tokens were issued by, which is loaded when it is first needed. */
export function grantsOf(
  grants: Record<TokenDetails["grant"], (() => Promise<Grant>) | undefined>,
): (record: TokenRecord) => Promise<Grant> {
  return async (record) => {
    const { grant: name } = detailsOf(record);
    const grant = grants[name];
    if (grant) return grant();
    throw new CalTokenError(
      name === "oauth"
        ? "This user has linked their own Cal.com account, and the client has no option `oauth`."
        : "This user is a managed user, and the client has no option `managedUsers`.",
      "unsupported_for_grant",
    );
  };
}
