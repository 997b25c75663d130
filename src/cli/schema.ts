import { defaultTable } from "../stores/columns.js";
import { prismaModel } from "../stores/prisma/schema.js";
import { schemaSql } from "../stores/postgres/schema.js";
import { textOption, UsageError, type Command, type OptionValues } from "./command.js";

/** `calbridge schema`: prints the token table, and the migration to it. */
export const schemaCommand: Command = {
  usage: `calbridge schema [--sql | --prisma] [options]

Prints the token table, and what turns the eight-column table that applications already have
into it. Nothing is changed: apply it with the tool you use.

  --sql                 plain SQL for psql; the default
  --transaction         SQL for tools that run a migration in a transaction (Prisma Migrate, drizzle-kit)
  --prisma              the Prisma model

  --table <name>        the token table; default: ${defaultTable}
  --schema <name>       its schema, for --sql; default: none, search_path decides
  --user-table <name>   the table (in Prisma: the model) of your users; default: User
  --user-column <name>  its column (field) with the ids that you pass as userId; default: ulid
  --no-user-table       don't refer to a table of users`,

  options: {
    sql: { type: "boolean" },
    transaction: { type: "boolean" },
    prisma: { type: "boolean" },
    table: { type: "string" },
    schema: { type: "string" },
    "user-table": { type: "string" },
    "user-column": { type: "string" },
    "no-user-table": { type: "boolean" },
  },

  run(values, { out }) {
    if (values["prisma"] === true) out(printPrisma(values));
    else out(printSql(values));
    return 0;
  },
};

function printSql(values: OptionValues): string {
  const schema = textOption(values, "schema");
  const table = textOption(values, "table");
  const users = usersOf(values);
  return schemaSql({
    ...(schema !== undefined && { schema }),
    ...(table !== undefined && { table }),
    ...(users && { users: { ...(schema !== undefined && { schema }), table: users.name, column: users.id } }),
    inTransaction: values["transaction"] === true,
  }).trimEnd();
}

function printPrisma(values: OptionValues): string {
  for (const name of ["sql", "transaction", "schema"]) {
    if (values[name] !== undefined) throw new UsageError(`--${name} does not go with --prisma.`);
  }
  const users = usersOf(values);
  const table = textOption(values, "table");
  const model = prismaModel({ table, users: users && { model: users.name, field: users.id } });
  const [, name = defaultTable] = /^model (\w+)/.exec(model) ?? [];
  const back = users
    ? `\n// And in model ${users.name}, the other side of the relation:\n//   ${lowerFirst(name)} ${name}?\n`
    : "";
  return `${model}${back}
// For a table that you already have: make an empty migration (prisma migrate dev --create-only) and put
// into its migration.sql what \`calbridge schema --sql --transaction\` prints.`;
}

function usersOf(values: OptionValues): { name: string; id: string } | undefined {
  const [name, id] = [textOption(values, "user-table"), textOption(values, "user-column")];
  if (values["no-user-table"] !== true) return { name: name ?? "User", id: id ?? "ulid" };
  if (name !== undefined || id !== undefined) {
    throw new UsageError("--no-user-table does not go with --user-table and --user-column.");
  }
  return undefined;
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
