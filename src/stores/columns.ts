/** The names of a token table's columns (in Prisma: of the model's fields), by what they hold. */
export interface TokenColumns {
  /** The row's own key. Default: `id`. */
  id: string;
  /** The application's id of the user. Default: `userUlid`. */
  userId: string;
  /** The managed user's id at Cal.com. Default: `calManagedUserId`. */
  calUserId: string;
  /** Default: `calAccessToken`. */
  calAccessToken: string;
  /** Default: `calAccessTokenExpiresAt`. */
  calAccessTokenExpiresAt: string;
  /** Default: `calRefreshToken`. */
  calRefreshToken: string;
  /** Default: `calRefreshTokenExpiresAt`. Added by `calbridge schema`. */
  calRefreshTokenExpiresAt: string;
  /** The record's version. Default: `version`. Added by `calbridge schema`. */
  version: string;
  /** Who holds the refresh lease. Default: `leaseOwner`. Added by `calbridge schema`. */
  leaseOwner: string;
  /** When the refresh lease ends. Default: `leaseEndsAt`. Added by `calbridge schema`. */
  leaseEndsAt: string;
  /** Default: `createdAt`. */
  createdAt: string;
  /** Default: `updatedAt`. */
  updatedAt: string;
}

/** The table as applications already have it. */
export const defaultTable = "CalendarIntegration";

/** The columns as applications already have them, and those that the migration adds. */
export const defaultColumns: Readonly<TokenColumns> = {
  id: "id",
  userId: "userUlid",
  calUserId: "calManagedUserId",
  calAccessToken: "calAccessToken",
  calAccessTokenExpiresAt: "calAccessTokenExpiresAt",
  calRefreshToken: "calRefreshToken",
  calRefreshTokenExpiresAt: "calRefreshTokenExpiresAt",
  version: "version",
  leaseOwner: "leaseOwner",
  leaseEndsAt: "leaseEndsAt",
  createdAt: "createdAt",
  updatedAt: "updatedAt",
};
