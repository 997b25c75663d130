import { prismaModelName, prismaModels } from "../stores/prisma/schema.js";
import { schemaSql } from "../stores/postgres/schema.js";
import { schemaSql as sqliteSchemaSql } from "../stores/sqlite/schema.js";
import { userIdTypes, type UserIdType } from "../stores/user-id-type.js";
import { textOption, UsageError, type Command, type OptionValues } from "./command.js";
import { withEnvFile } from "./env-file.js";
import { tableOptions, tableOptionsOf, tableUsage } from "./table-options.js";

/** `calbridge schema`: prints the token table, and the migration to it. */
export const schemaCommand: Command = {
  usage: `calbridge schema [--sql | --transaction | --prisma | --dialect sqlite] [options]

Prints the tables of calbridge, and what migrates the token table that an application already has.
Changes nothing: apply it with the tool you use.

  --sql                 SQL for psql; the default
  --transaction         SQL for other clients, and for tools that run a migration in a transaction
                        (Prisma Migrate, drizzle-kit)
  --prisma              the Prisma models
  --dialect sqlite      SQL for SQLite, libsql and Cloudflare D1; refers to a table of users only if
                        --user-table and --user-column are given
  --connections         the table of the connection store as well, for \`calbridge check\`
  --connection-table <name>
                        what that table is called; default: CalendarConnectionState

${tableUsage}
  --user-table <name>   the table (in Prisma: the model) of your users; default: User
  --user-column <name>  its column (field) with the ids that you pass as userId; default: ulid
  --user-type <type>    the type of that column: ${Object.values(userIdTypes).join(", ")}; default: text
  --no-user-table       don't refer to a table of users
  --env-file <file>     must be readable, as for the other commands; this one reads no variables from it`,

  options: {
    ...tableOptions,
    sql: { type: "boolean" },
    transaction: { type: "boolean" },
    prisma: { type: "boolean" },
    dialect: { type: "string" },
    connections: { type: "boolean" },
    "connection-table": { type: "string" },
    "user-table": { type: "string" },
    "user-column": { type: "string" },
    "user-type": { type: "string" },
    "no-user-table": { type: "boolean" },
    "env-file": { type: "string" },
  },

  run(values, io) {
    const { out } = withEnvFile(io, textOption(values, "env-file"));
    const dialect = textOption(values, "dialect") ?? "postgres";
    if (dialect === "sqlite") out(printSqlite(values));
    else if (dialect !== "postgres") throw new UsageError("--dialect is postgres or sqlite.");
    else out(values["prisma"] === true ? printPrisma(values) : printSql(values));
    return 0;
  },
};

function printSqlite(values: OptionValues): string {
  refuse(values, ["transaction", "prisma", "schema", "user-type"], "--dialect sqlite");
  const { table, entryTable, columns } = tableOptionsOf(values);
  const [name, id] = [textOption(values, "user-table"), textOption(values, "user-column")];
  if ((name === undefined) !== (id === undefined)) {
    throw new UsageError("With --dialect sqlite, give --user-table and --user-column, or neither.");
  }
  const users = name !== undefined && id !== undefined ? { table: name, column: id } : undefined;
  if (users && values["no-user-table"] === true) throw new UsageError(NO_USER_TABLE);
  return sqliteSchemaSql({ table, entryTable, columns, users, ...connectionsOf(values) }).trimEnd();
}

const NO_USER_TABLE = "--no-user-table can't be used with --user-table or --user-column.";

function refuse(values: OptionValues, names: readonly string[], other: string): void {
  for (const name of names) {
    if (values[name] !== undefined) throw new UsageError(`--${name} can't be used with ${other}.`);
  }
}

function printSql(values: OptionValues): string {
  const inTransaction = values["transaction"] === true;
  const names = tableOptionsOf(values);
  const users = usersOf(values);
  const sql = schemaSql({
    ...names,
    users: users && { schema: names.schema, table: users.name, column: users.id },
    userIdType: userIdTypeOf(values),
    ...connectionsOf(values),
    inTransaction,
  }).trimEnd();
  // psql would go on after an error, with errors that only follow from the first.
  return inTransaction ? sql : `\\set ON_ERROR_STOP on\n${sql}`;
}

function printPrisma(values: OptionValues): string {
  refuse(values, ["sql", "transaction", "schema"], "--prisma");
  const { table, entryTable, columns } = tableOptionsOf(values);
  const users = usersOf(values);
  const models = prismaModels({
    table,
    entryTable,
    columns,
    userIdType: userIdTypeOf(values),
    users: users && { model: users.name, field: users.id },
    ...connectionsOf(values),
  });
  const name = prismaModelName(table);
  const back = users
    ? `\n// And in model ${users.name}, the other side of the relation:\n//   ${lowerFirst(name)} ${name}?\n`
    : "";
  return `${models}${back}
// For a table that you already have: make an empty migration (prisma migrate dev --create-only) and put
// into its migration.sql what \`npx calbridge schema --transaction\` prints.`;
}

function connectionsOf(values: OptionValues): { connections: boolean; connectionTable: string | undefined } {
  const connectionTable = textOption(values, "connection-table");
  return {
    connections: values["connections"] === true || connectionTable !== undefined,
    connectionTable,
  };
}

function usersOf(values: OptionValues): { name: string; id: string } | undefined {
  const [name, id] = [textOption(values, "user-table"), textOption(values, "user-column")];
  if (values["no-user-table"] !== true) return { name: name ?? "User", id: id ?? "ulid" };
  if (name !== undefined || id !== undefined) throw new UsageError(NO_USER_TABLE);
  return undefined;
}

function userIdTypeOf(values: OptionValues): UserIdType | undefined {
  const type = textOption(values, "user-type");
  if (type === undefined) return undefined;
  const found = Object.entries(userIdTypes).find((names) =>
    names.some((name) => name.toLowerCase() === type.toLowerCase()),
  );
  if (!found) throw new UsageError(`--user-type is one of ${Object.values(userIdTypes).join(", ")}.`);
  return found[0] as UserIdType;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
