import type { CalErrorCode } from "../errors.js";
import { isCalError } from "../errors.js";
import { issueOf } from "../api/token-claims.js";
import { hashUserId } from "../lib/digest.js";
import { detailsOf } from "../tokens/details.js";
import { accessTokenExpiry } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { calAccountOf, type CalAccount } from "./cal-account.js";
import type { UserContext } from "./context.js";

// Loaded with the first call of users() or summary().

/** What the token store knows of a user, for a support page. Holds no token. */
export interface UserSummary {
  /** The application's own id of the user. */
  userId: string;
  /** The id as hooks, errors and traces have it. */
  userHash: string;
  /** The account at Cal.com: its grant, its id, and for a user's own account its address and scopes. */
  calAccount: CalAccount;
  /** `null` if that is not known. */
  accessTokenExpiresAt: Date | null;
  /** `null` if that is not known, or if there is no refresh token. */
  refreshTokenExpiresAt: Date | null;
  /** When the tokens were issued: at the last refresh, or when the user was created or linked. `null` if not known. */
  tokensIssuedAt: Date | null;
  /** How often calbridge has got new tokens for the user. */
  rotation: number;
  /** When the record was first written. */
  createdAt: Date;
  /** When the record was last written. */
  updatedAt: Date;
  /** Only if the record can't be read. */
  problem?: undefined;
}

/** A user whose record can't be read: it can't be decrypted, or was changed by hand. */
export interface UnreadableUser {
  userId: string;
  userHash: string;
  /** Why, as an error's code and message. */
  problem: { code: CalErrorCode; message: string };
}

/** Options of {@link CalClient.users}. */
export interface UsersOptions {
  /** Only the users after this one, in the order of the store: to continue a list. */
  after?: string | undefined;
}

/** The users of the store, in its order. Those that are deleted meanwhile are left out. */
export async function* userSummaries(
  context: UserContext,
  { after }: UsersOptions,
): AsyncGenerator<UserSummary | UnreadableUser, void, undefined> {
  for await (const userId of context.store.userIds(after)) {
    const summary = await readableSummary(context, userId);
    if (summary) yield summary;
  }
}

async function readableSummary(
  context: UserContext,
  userId: string,
): Promise<UserSummary | UnreadableUser | null> {
  try {
    return await userSummary(context, userId);
  } catch (error) {
    if (!isCalError(error)) throw error;
    const { code, message } = error;
    return { userId, userHash: await hashUserId(userId), problem: { code, message } };
  }
}

/** What the store knows of one user; `null` if it has no record. */
export async function userSummary(context: UserContext, userId: string): Promise<UserSummary | null> {
  const record = await context.store.get(userId);
  return record && summaryOf(record, context);
}

async function summaryOf(record: TokenRecord, { options }: UserContext): Promise<UserSummary> {
  const { userId, calAccessToken, calRefreshTokenExpiresAt, createdAt, updatedAt } = record;
  return {
    userId,
    userHash: await hashUserId(userId),
    calAccount: calAccountOf(record, options.oauth?.scopes ?? [], options.now()),
    accessTokenExpiresAt: accessTokenExpiry(record),
    refreshTokenExpiresAt: calRefreshTokenExpiresAt,
    tokensIssuedAt: issueOf(calAccessToken),
    rotation: detailsOf(record).rotation,
    createdAt,
    updatedAt,
  };
}
