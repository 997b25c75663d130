import { CalValidationError } from "../errors.js";

/** The names of a token table's columns (with Prisma: of the model's fields), by what they contain. */
export interface TokenColumns {
  /**
   * The row's own key.
   * @defaultValue `id`
   */
  id: string;
  /**
   * The application's id of the user.
   * @defaultValue `userUlid`
   */
  userId: string;
  /**
   * The user's id at Cal.com.
   * @defaultValue `calManagedUserId`
   */
  calUserId: string;
  /**
   * The Cal.com server of that user. Added by `calbridge schema`.
   * @defaultValue `calServer`
   */
  calServer: string;
  /** @defaultValue `calAccessToken` */
  calAccessToken: string;
  /** @defaultValue `calAccessTokenExpiresAt` */
  calAccessTokenExpiresAt: string;
  /** @defaultValue `calRefreshToken` */
  calRefreshToken: string;
  /**
   * Added by `calbridge schema`.
   * @defaultValue `calRefreshTokenExpiresAt`
   */
  calRefreshTokenExpiresAt: string;
  /**
   * What else calbridge keeps about the user. Added by `calbridge schema`.
   * @defaultValue `details`
   */
  details: string;
  /**
   * The record's version. Added by `calbridge schema`.
   * @defaultValue `version`
   */
  version: string;
  /** @defaultValue `createdAt` */
  createdAt: string;
  /** @defaultValue `updatedAt` */
  updatedAt: string;
}

/** Names that differ from the defaults. */
export type TokenColumnNames = { [Column in keyof TokenColumns]?: string | undefined };

/** The table as applications already have it. */
export const defaultTable = "CalendarIntegration";

/** The table of connections, which has the same columns in every application. */
export const defaultConnectionTable = "CalendarConnectionState";

/** The columns as applications already have them, and those that the migration adds. */
const defaultColumns: Readonly<TokenColumns> = {
  id: "id",
  userId: "userUlid",
  calUserId: "calManagedUserId",
  calServer: "calServer",
  calAccessToken: "calAccessToken",
  calAccessTokenExpiresAt: "calAccessTokenExpiresAt",
  calRefreshToken: "calRefreshToken",
  calRefreshTokenExpiresAt: "calRefreshTokenExpiresAt",
  details: "details",
  version: "version",
  createdAt: "createdAt",
  updatedAt: "updatedAt",
};

/** What of a record a column can contain; the columns are listed in this order. */
export const columnKeys = Object.keys(defaultColumns) as (keyof TokenColumns)[];

/**
 * All names: the given ones, and the defaults for the rest.
 *
 * @param option - What the caller knows the names as, for the message.
 * @throws {@link CalValidationError} if a column is unknown, or two have one name.
 */
export function columnNames(names: TokenColumnNames = {}, option = "columns"): TokenColumns {
  const result = { ...defaultColumns };
  for (const [key, name] of Object.entries(names)) {
    if (!Object.hasOwn(defaultColumns, key)) {
      throw new CalValidationError(`Unknown name ${option}.${key}. There are: ${columnKeys.join(", ")}.`);
    }
    if (name !== undefined) result[key as keyof TokenColumns] = name;
  }
  for (const [index, key] of columnKeys.entries()) {
    const other = columnKeys.slice(0, index).find((earlier) => result[earlier] === result[key]);
    if (other !== undefined) {
      throw new CalValidationError(`${option}.${other} and ${option}.${key} have the same name.`);
    }
  }
  return result;
}
