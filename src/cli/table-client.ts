import { CalClient } from "../client.js";
import { postgresConnectionStore } from "../stores/postgres/postgres-connection-store.js";
import { postgresTokenStore } from "../stores/postgres/postgres-token-store.js";
import { encryptedTokenStore } from "../tokens/encryption/encrypted-token-store.js";
import { encryptionKeysFromEnv } from "../tokens/encryption/keys.js";
import type { Database } from "./checks/database.js";
import { textOption, type CommandIo, type OptionValues } from "./command.js";
import { tableOptionsOf } from "./table-options.js";

/** A client over the tables of `DATABASE_URL`, whose database is connected later: its options are validated first. */
export interface TableClient {
  cal: CalClient;
  connect: (database: Database) => void;
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
  let connected: Database | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const client: Database = {
    // One after another: a connection of pg's has no queue of its own.
    query: (text, parameters) => {
      if (!connected) throw new TypeError("The database is not connected.");
      const database = connected;
      const result = last.then(() => database.query(text, parameters));
      last = result.catch(() => undefined);
      return result;
    },
  };
  const names = tableOptionsOf(values);
  const table = postgresTokenStore({ client, ...names });
  const hasKeys = Boolean(io.env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim());
  const hasBoth = Boolean(env["CAL_CLIENT_ID"]?.trim() && env["CAL_OAUTH_CLIENT_ID"]?.trim());
  const cal = CalClient.fromEnv({
    env,
    serverId: textOption(values, "server-id"),
    tokenStore: hasKeys ? encryptedTokenStore(table, { keys: encryptionKeysFromEnv(io.env) }) : table,
    ...(connections && {
      connectionStore: postgresConnectionStore({
        client,
        schema: names.schema,
        table: textOption(values, "connection-table"),
      }),
    }),
    // A command creates no users.
    ...(hasBoth && { newUsers: "managed" as const }),
    fetch: io.fetch,
    now: io.now,
  });
  return { cal, connect: (database) => void (connected = database) };
}
