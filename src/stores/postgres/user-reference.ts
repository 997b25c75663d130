import { CalValidationError } from "../../errors.js";
import { userIdTypes, type UserIdType } from "../user-id-type.js";
import { qualify, quoteIdentifier, quoteLiteral } from "./identifiers.js";

/** The application's own table of users, which the token table refers to. */
export interface UserReference {
  /**
   * The table's schema.
   * @defaultValue none: the connection's `search_path` decides
   */
  schema?: string | undefined;
  /** The table of users, such as `User`. */
  table: string;
  /** Its column with the ids that are passed as `userId`, such as `ulid`. It must be unique. */
  column: string;
}

/** The reference to the users, as a part of a column's definition. */
export function referenceTo(users: UserReference | undefined): string {
  if (users === undefined) return "";
  return ` REFERENCES ${tableOf(users)} (${quoteIdentifier(users.column, "column of users")})`;
}

/**
 * PL/pgSQL that fails with a message that says what to do, if a new token table can't refer to the users: the foreign
 * key's own error names neither the option nor the type.
 */
export function checkUsers(table: string, users: UserReference | undefined, type: UserIdType): string {
  if (!Object.hasOwn(userIdTypes, type)) {
    throw new CalValidationError(`userIdType must be one of ${Object.keys(userIdTypes).join(", ")}.`);
  }
  if (users === undefined) return "";
  const usersTable = quoteLiteral(tableOf(users));
  const chosen = quoteLiteral(userIdTypes[type]);
  const others = Object.values(userIdTypes).map(quoteLiteral).join(", ");
  const fail = (message: string) => `RAISE EXCEPTION USING MESSAGE = ${message};`;
  return `IF to_regclass(${quoteLiteral(table)}) IS NULL THEN
    IF to_regclass(${usersTable}) IS NULL THEN
      ${fail(`'There is no table ' || ${usersTable} || ' of users. Say which table and column have your users'' ids: --user-table and --user-column (in code: users). To refer to none: --no-user-table.'`)}
    END IF;
    SELECT format_type(atttypid, NULL) INTO calbridge_text FROM pg_attribute
    WHERE attrelid = to_regclass(${usersTable}) AND attname = ${quoteLiteral(users.column)} AND attnum > 0 AND NOT attisdropped;
    IF calbridge_text IS NULL THEN
      ${fail(`'The table ' || ${usersTable} || ' has no column ' || ${quoteLiteral(quoteIdentifier(users.column, "column of users"))} || '. Say which column has your users'' ids: --user-column (in code: users).'`)}
    END IF;
    IF calbridge_text <> ${chosen} AND (calbridge_text IN (${others}) OR ${chosen} <> 'text') THEN
      ${fail(`'The users'' ids have the type ' || calbridge_text || ', and not ' || ${chosen} || '. Use --user-type ' || CASE WHEN calbridge_text IN (${others}) THEN calbridge_text ELSE 'text' END || ' (in code: userIdType).'`)}
    END IF;
  END IF;`;
}

function tableOf({ schema, table }: UserReference): string {
  return qualify(schema, table, "table of users");
}
