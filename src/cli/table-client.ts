import { CalClient } from "../client.js";
import { postgresTokenStore } from "../stores/postgres/postgres-token-store.js";
import { encryptedTokenStore } from "../tokens/encryption/encrypted-token-store.js";
import { encryptionKeysFromEnv } from "../tokens/encryption/keys.js";
import type { Database } from "./checks/database.js";
import { textOption, type CommandIo, type OptionValues } from "./command.js";
import { tableOptionsOf } from "./table-options.js";

/** The client of a token table. Its options are validated first, and the database is connected later. */
export function tableClient(
  values: OptionValues,
  io: CommandIo,
): { cal: CalClient; connect: (database: Database) => void } {
  let connected: Database | undefined;
  const database: Database = {
    query: (text, parameters) => {
      if (!connected) throw new TypeError("The database is not connected.");
      return connected.query(text, parameters);
    },
  };
  const table = postgresTokenStore({ client: database, ...tableOptionsOf(values) });
  const hasKeys = Boolean(io.env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim());
  const tokenStore = hasKeys ? encryptedTokenStore(table, { keys: encryptionKeysFromEnv(io.env) }) : table;
  const { CAL_CLIENT_ID, CAL_OAUTH_CLIENT_ID } = io.env;
  const hasBoth = Boolean(CAL_CLIENT_ID?.trim()) && Boolean(CAL_OAUTH_CLIENT_ID?.trim());
  const cal = CalClient.fromEnv({
    env: io.env,
    // No command creates users.
    ...(hasBoth && { newUsers: "managed" }),
    serverId: textOption(values, "server-id"),
    tokenStore,
    fetch: io.fetch,
    now: io.now,
  });
  return { cal, connect: (database) => void (connected = database) };
}
