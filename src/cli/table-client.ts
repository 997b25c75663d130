import { CalClient } from "../client.js";
import { postgresConnectionStore } from "../stores/postgres/postgres-connection-store.js";
import { isCalError } from "../errors.js";
import { withDatabase } from "./checks/database.js";
import type { Finding } from "./checks/finding.js";
import { textOption, type CommandIo, type OptionValues } from "./command.js";
import { databaseStore } from "./database-store.js";
import { tableOptionsOf } from "./table-options.js";

/** A client over the tables of `DATABASE_URL`, whose database is connected later: its options are validated first. */
export interface TableClient {
  cal: CalClient;
  /** Does the work while the database is connected. An error of calbridge's becomes a finding: no table, no such user. */
  run: (work: (cal: CalClient) => Promise<Finding[]>) => Promise<Finding[]>;
}

/**
 * The client of a command.
 *
 * @param env - The variables that it reads, those of the keys aside.
 * @param connections - Whether it has a connection store.
 */
export function createTableClient(
  values: OptionValues,
  io: CommandIo,
  { env, connections = false }: { env: Record<string, string | undefined>; connections?: boolean },
): TableClient {
  const { tokenStore, client, connect } = databaseStore(values, io);
  const cal = CalClient.fromEnv({
    env,
    serverId: textOption(values, "server-id"),
    tokenStore,
    ...(connections && {
      connectionStore: postgresConnectionStore({
        client,
        schema: tableOptionsOf(values).schema,
        table: textOption(values, "connection-table"),
      }),
    }),
    // A command creates no users.
    newUsers: "managed",
    fetch: io.fetch,
    now: io.now,
  });
  return {
    cal,
    run: (work) =>
      withDatabase(io, async (database) => {
        connect(database);
        try {
          return await work(cal);
        } catch (error) {
          if (!isCalError(error)) throw error;
          return [{ level: "wrong", text: error.message }];
        }
      }),
  };
}
