import { CalTokenError } from "../errors.js";
import { expiryOf } from "../api/token-claims.js";
import type { CheckedWrite } from "./checked-store.js";
import { detailsOf, toDetailsText, type DetailsChange, type TokenDetails } from "./details.js";
import type { GrantedTokens, RefreshableRecord } from "./grant.js";
import type { TokenRecord } from "./token-store.js";

/** Managed users' access tokens live for 59 minutes or more. A required life close to that would mean a refresh at every call. */
export const MAX_TTL_MS = 45 * 60_000;

/** The four token columns of a record. */
export function tokenColumns(
  tokens: Omit<GrantedTokens, "issuedAt">,
): Omit<CheckedWrite, "userId" | "calUserId" | "details"> {
  return {
    calAccessToken: tokens.accessToken,
    calAccessTokenExpiresAt: tokens.accessTokenExpiresAt,
    calRefreshToken: tokens.refreshToken,
    calRefreshTokenExpiresAt: tokens.refreshTokenExpiresAt,
  };
}

/** What a write contains that keeps a record as it is, its details aside. */
export function withDetails(record: TokenRecord, change: DetailsChange): CheckedWrite {
  const { userId, calUserId, calAccessToken, calAccessTokenExpiresAt, calRefreshToken } = record;
  const details = toDetailsText({ ...detailsOf(record), ...change } as TokenDetails);
  const { calRefreshTokenExpiresAt } = record;
  return {
    userId,
    calUserId,
    calAccessToken,
    calAccessTokenExpiresAt,
    calRefreshToken,
    calRefreshTokenExpiresAt,
    details,
  };
}

/**
 * The write of a newly issued pair: one rotation more, and nothing left of what was wrong with the old pair. Only a
 * deleted account stays marked: Cal.com goes on refreshing its tokens.
 */
export function withTokens(
  record: TokenRecord,
  tokens: GrantedTokens,
  change: DetailsChange = {},
): CheckedWrite {
  const { rotation, refreshSentAt, confirmAt, reauthorization, ...kept } = detailsOf(record);
  const details = {
    ...kept,
    rotation: rotation + 1,
    ...(tokens.scopes && { scopes: tokens.scopes }),
    ...(reauthorization?.reason === "cal_user_gone" && { reauthorization }),
    ...change,
  };
  return {
    userId: record.userId,
    calUserId: record.calUserId,
    ...tokenColumns(tokens),
    details: toDetailsText(details as TokenDetails),
  };
}

/** Whether the record has a refresh token. */
export function isRefreshable(record: TokenRecord): record is RefreshableRecord {
  return record.calRefreshToken !== null;
}

/** Whether two reads of a user's record hold the same pair: neither was it refreshed nor the user linked anew. */
export function hasSameTokens(one: TokenRecord, other: TokenRecord): boolean {
  return (
    one.calUserId === other.calUserId &&
    one.calRefreshToken === other.calRefreshToken &&
    detailsOf(one).rotation === detailsOf(other).rotation
  );
}

/** When the record's access token expires; `null` if neither the record nor the token says so. */
export function accessTokenExpiry(record: TokenRecord): Date | null {
  return record.calAccessTokenExpiresAt ?? expiryOf(record.calAccessToken);
}

/** The store has no record of the user. */
export function userNotFound(
  message = "The token store has no record of this user. Call ensureUser() first.",
): CalTokenError {
  return new CalTokenError(message, "user_not_found");
}
