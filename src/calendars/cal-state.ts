import { CalValidationError } from "../errors.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { calUserIdIn } from "../api/token-claims.js";

/**
 * The access token in a state of Cal.com's, if it is one of this user's. Whose calendar a code becomes is
 * decided by that token and by nothing else, so a state with another user's token, or without one, must
 * never be sent to Cal.com. That the token is genuine, Cal.com checks.
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
  try {
    const parsed: unknown = JSON.parse(state);
    if (typeof parsed !== "object" || parsed === null || !("accessToken" in parsed)) return undefined;
    return typeof parsed.accessToken === "string" ? parsed.accessToken : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
