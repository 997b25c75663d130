import type { ConnectionStore } from "../stores/connection-store.js";
import type { TokenStore } from "../tokens/token-store.js";
import type { Finding } from "./checks/finding.js";

/** The application's tables. Their database is connected later: the options are validated first. */
export interface Tables {
  /** The token table, as it is stored. */
  rows: Required<TokenStore>;
  /** The table of connections. */
  connections: (table: string | undefined) => ConnectionStore;
  /** Checks the tables. */
  check: () => Promise<Finding[]>;
  /** Does the work while the database is connected. */
  run: (work: () => Promise<Finding[]>) => Promise<Finding[]>;
}
