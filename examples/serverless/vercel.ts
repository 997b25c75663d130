import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers, type CalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { Pool } from "pg";
import { signedIn } from "./session.js";

/** The routes. Call it once, outside of the function that handles a request. */
export function createCalendarRoutes(waitUntil: (work: Promise<unknown>) => void): CalHandlers {
  const pool = new Pool({ connectionString: process.env["DATABASE_URL"], max: 2, idleTimeoutMillis: 5_000 });
  pool.on("error", () => undefined);
  const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), {
    keys: encryptionKeysFromEnv(),
  });
  // With waitUntil, tokens are refreshed before they expire, after the response.
  const client = CalClient.fromEnv({ tokenStore, waitUntil });
  return createCalHandlers.fromEnv({ client, authenticate: signedIn });
}
