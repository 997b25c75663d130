import { encryptedTokenStore } from "../tokens/encryption/encrypted-token-store.js";
import { encryptionKeysFromEnv } from "../tokens/encryption/keys.js";
import type { TokenStore } from "../tokens/token-store.js";
import type { CommandIo, OptionValues } from "./command.js";
import { postgresTables } from "./postgres-tables.js";
import { sqliteFileOf, sqliteTables } from "./sqlite-tables.js";
import type { Tables } from "./tables.js";

/** The tables that the options name, in the database of `DATABASE_URL`. */
export function tablesOf(values: OptionValues, io: CommandIo): Tables {
  const file = sqliteFileOf(io);
  return file === undefined ? postgresTables(values, io) : sqliteTables(values, io, file);
}

/** The token table, encrypted if there are keys. */
export function tokenStoreOf({ rows }: Tables, { env }: CommandIo): TokenStore {
  const hasKeys = Boolean(env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim());
  return hasKeys ? encryptedTokenStore(rows, { keys: encryptionKeysFromEnv(env) }) : rows;
}
