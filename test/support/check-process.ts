import { CalClient } from "../../src/index.js";
import {
  postgresConnectionStore,
  postgresTokenStore,
} from "../../src/stores/postgres/postgres-token-store.js";
import type { ConnectionStore } from "../../src/stores/connection-store.js";
import { createPool } from "./pool.js";

// One of several processes of an application that check connections, until they are killed.

/** The configuration of a process. */
export interface CheckConfig {
  databaseUrl: string;
  calUrl: string;
  clientId: string;
  clientSecret: string;
  /** Claims last for as long, in milliseconds: less than five minutes, so that a test need not wait for them. */
  claimMs: number;
}

const config = JSON.parse(process.argv[2] ?? "{}") as CheckConfig;
const pool = createPool(config.databaseUrl, { max: 4 });
const inner = postgresConnectionStore({ client: pool });
const CLAIM_MS = 5 * 60_000;

/** The store, with shorter claims, and with a shorter time until a change is told that a killed process has not told. */
const connectionStore: ConnectionStore = {
  ...inner,
  claimDue: ({ limit }) => inner.claimDue({ limit, leaseMs: config.claimMs }),
  set: (state, options) => {
    const waitMs = state.dueAt.getTime() - Date.now();
    const isClaim = Math.abs(waitMs - CLAIM_MS) < 30_000;
    const dueAt = isClaim ? new Date(Date.now() + config.claimMs) : state.dueAt;
    return inner.set({ ...state, dueAt }, options);
  },
};

const cal = new CalClient({
  managedUsers: { clientId: config.clientId, clientSecret: config.clientSecret },
  baseUrl: config.calUrl,
  tokenStore: postgresTokenStore({ client: pool }),
  connectionStore,
  hooks: {
    // As an application does that wants to send each e-mail once; the time between is where a process may die.
    onConnectionChange: async ({ id, userId, from, to }) => {
      await pool.query(`INSERT INTO told VALUES ($1, $2, $3, $4)`, [id, userId, from, to]);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    },
  },
});

process.on("disconnect", () => process.exit(0));
process.send?.("ready");
for (;;) {
  await cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY, concurrency: 3 });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
