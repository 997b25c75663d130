import { postgresConnectionStore } from "../stores/postgres/postgres-connection-store.js";
import { postgresTokenStore } from "../stores/postgres/postgres-token-store.js";
import { withDatabase, type Database } from "./checks/database.js";
import { checkTables } from "./checks/table.js";
import type { CommandIo, OptionValues } from "./command.js";
import { tableOptionsOf } from "./table-options.js";
import type { Tables } from "./tables.js";

/** The tables in Postgres. */
export function postgresTables(values: OptionValues, io: CommandIo): Tables {
  const options = tableOptionsOf(values);
  let connected: Database | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const client: Database = {
    // One after another: pg warns if a connection gets a second query while it works on the first.
    query: (text, parameters) => {
      if (!connected) throw new TypeError("The database is not connected.");
      const database = connected;
      const result = last.then(() => database.query(text, parameters));
      last = result.catch(() => undefined);
      return result;
    },
  };
  return {
    rows: postgresTokenStore({ client, ...options }),
    connections: (table) => postgresConnectionStore({ client, schema: options.schema, table }),
    check: () => checkTables(client, options),
    run: (work) =>
      withDatabase(io, (database) => {
        connected = database;
        return work();
      }),
  };
}
