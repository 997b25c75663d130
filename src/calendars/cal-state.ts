import { CalValidationError } from "../errors.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { calUserIdIn } from "../api/token-claims.js";
import { parseJsonObject } from "../lib/parse-json.js";

/**
 * Returns the access token in a state of Cal.com's, if it is one of this user's. Only that token decides for which user
 * Cal.com stores the calendar, so a state with another user's token, or without one, must never be sent to Cal.com.
 * Cal.com itself checks the token's signature.
 *
 * @throws {@link CalValidationError} if the state holds no access token, or another user's.
 */
export function assertAuthorized(state: string, record: TokenRecord): string {
  const accessToken = accessTokenIn(state);
  if (accessToken === undefined) {
    throw new CalValidationError(
      "state must be the one that Cal.com put into the connect URL: it holds no access token.",
    );
  }
  const isOwn = accessToken === record.calAccessToken || calUserIdIn(accessToken) === record.calUserId;
  if (!isOwn) {
    throw new CalValidationError("state belongs to another user. Nothing was saved.");
  }
  return accessToken;
}

function accessTokenIn(state: string): string | undefined {
  const accessToken = parseJsonObject(state)?.["accessToken"];
  return typeof accessToken === "string" ? accessToken : undefined;
}
