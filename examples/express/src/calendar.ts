import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { Pool } from "pg";
import { signedIn } from "./session.js";

export const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// The pool replaces an idle connection that was lost. Without a listener the error would end the process.
pool.on("error", (error) => {
  console.error("An idle connection to Postgres was lost:", error.message);
});

// The tokens are encrypted with CAL_TOKEN_ENCRYPTION_KEYS before they are written to the table.
const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), {
  keys: encryptionKeysFromEnv(),
});

/** One client for the process. The other options are read from the environment. */
export const cal = CalClient.fromEnv({ tokenStore });

/** The routes under /api/cal. The other options are read from the environment. */
export const handlers = createCalHandlers.fromEnv({
  client: cal,
  authenticate(request) {
    const user = signedIn(request.headers.get("cookie"));
    return user && { userId: user.id, email: user.email, name: user.name, timeZone: user.timeZone };
  },
  successUrl: "/settings",
});
