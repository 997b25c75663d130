import type { CheckedWrite } from "../tokens/checked-store.js";
import { toDetailsText } from "../tokens/details.js";

/** The record of a managed user that exists. It has no tokens yet: the first requirement of a token recovers them. */
export function adoptedRecord(userId: string, calUserId: number, isOwned: boolean): CheckedWrite {
  return {
    userId,
    calUserId,
    // Equal to no token that exists.
    calAccessToken: `none-${crypto.randomUUID()}`,
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
    calRefreshTokenExpiresAt: null,
    details: toDetailsText({ grant: "managed", rotation: 0, ...(isOwned && { isOwned }) }),
  };
}
