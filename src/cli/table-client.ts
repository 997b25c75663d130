import { CalClient } from "../client.js";
import { isCalError } from "../errors.js";
import type { Finding } from "./checks/finding.js";
import { textOption, type CommandIo, type OptionValues } from "./command.js";
import { tablesOf, tokenStoreOf } from "./tables-of.js";

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
  const tables = tablesOf(values, io);
  const cal = CalClient.fromEnv({
    env,
    serverId: textOption(values, "server-id"),
    tokenStore: tokenStoreOf(tables, io),
    ...(connections && { connectionStore: tables.connections(textOption(values, "connection-table")) }),
    // A command creates no users.
    newUsers: "managed",
    fetch: io.fetch,
    now: io.now,
  });
  return {
    cal,
    run: (work) =>
      tables.run(async () => {
        try {
          return await work(cal);
        } catch (error) {
          if (!isCalError(error)) throw error;
          return [{ level: "wrong", text: error.message }];
        }
      }),
  };
}
