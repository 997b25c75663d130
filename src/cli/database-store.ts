import { postgresTokenStore } from "../stores/postgres/postgres-token-store.js";
import { encryptedTokenStore } from "../tokens/encryption/encrypted-token-store.js";
import { encryptionKeysFromEnv } from "../tokens/encryption/keys.js";
import type { TokenStore } from "../tokens/token-store.js";
import type { Database } from "./checks/database.js";
import type { CommandIo, OptionValues } from "./command.js";
import { tableOptionsOf } from "./table-options.js";

/** The application's token table, whose database is connected later: the options are validated first. */
export interface DatabaseStore {
  tokenStore: TokenStore;
  client: Database;
  connect: (database: Database) => void;
}

/** The token table that the options and the environment name, encrypted if there are keys. */
export function databaseStore(values: OptionValues, { env }: CommandIo): DatabaseStore {
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
  const table = postgresTokenStore({ client, ...tableOptionsOf(values) });
  const hasKeys = Boolean(env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim());
  return {
    tokenStore: hasKeys ? encryptedTokenStore(table, { keys: encryptionKeysFromEnv(env) }) : table,
    client,
    connect: (database) => void (connected = database),
  };
}
