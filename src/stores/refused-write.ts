import { CalStoreError, CalUserInUseError } from "../errors.js";

/** The column's type has another spelling of the id, and would store that one: an upper-case uuid, "01", "ada ". */
export function spellingError(): CalStoreError {
  return new CalStoreError(
    "Could not write the user's tokens: the column of user ids would store another spelling of this id. " +
      "Pass the id as the database writes it (a uuid in lower case, an integer without leading zeros), or make the column TEXT.",
  );
}

/** The column's type takes another user's id for this one, as `citext` does. */
export function aliasError(): CalStoreError {
  return new CalStoreError(
    "Could not write the user's tokens: the column of user ids takes another user's id for this one. " +
      "It must compare exactly: make it TEXT, with a deterministic collation.",
  );
}

/** A row without a user id has the Cal.com user. */
export function rowWithoutUserError(): CalUserInUseError {
  return new CalUserInUseError(
    "A row of the token table that has no user id has this Cal.com user. Delete that row; `npx calbridge doctor` counts such rows.",
  );
}

/** A unique constraint refused the row, and no row that can be read is the reason. */
export function hiddenRowError(): CalStoreError {
  return new CalStoreError(
    "Could not write the user's tokens: a unique constraint of the table refuses the row, and the row that it conflicts with " +
      "can't be read or is not one of calbridge's. Is it soft-deleted? Soft delete is not supported: delete the row. " +
      "Row level security and unique constraints of the application's own can be the reason, too.",
  );
}
