import { columnKeys, columnNames, type TokenColumnNames } from "../stores/columns.js";
import type { TableOptions } from "../stores/postgres/identifiers.js";
import { textOption, UsageError, type Command, type OptionValues } from "./command.js";

/** The options of `schema` and `doctor` that say what the tables are called. */
export const tableOptions: Command["options"] = {
  table: { type: "string" },
  "entry-table": { type: "string" },
  schema: { type: "string" },
  columns: { type: "string" },
};

/** Their part of the help. */
export const tableUsage = `  --table <name>        the token table; default: CalendarIntegration
  --entry-table <name>  the table of leases and connection attempts; default: the token table's name
                        followed by Entry
  --schema <name>       the schema of both; default: none, search_path decides
  --columns <names>     columns of the token table with other names, such as
                        userId=user_id,calAccessToken=access_token`;

/** Reads these options. */
export function tableOptionsOf(values: OptionValues): TableOptions {
  return {
    schema: textOption(values, "schema"),
    table: textOption(values, "table"),
    entryTable: textOption(values, "entry-table"),
    columns: columnsOf(textOption(values, "columns")),
  };
}

function columnsOf(text: string | undefined): TokenColumnNames | undefined {
  if (text === undefined) return undefined;
  const columns = Object.fromEntries(
    text.split(",").map((entry) => {
      const [key = "", name = "", ...others] = entry.split("=").map((part) => part.trim());
      if (name === "" || others.length > 0) {
        throw new UsageError(
          `--columns takes pairs such as userId=user_id, separated by commas. There are: ${columnKeys.join(", ")}.`,
        );
      }
      return [key, name];
    }),
  ) as TokenColumnNames;
  columnNames(columns, "--columns ");
  return columns;
}
