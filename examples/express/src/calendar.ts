import { encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { Pool } from "pg";
import { signedIn } from "./session.js";

export const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// The pool replaces a connection that was lost while idle; without a listener the process would end.
pool.on("error", (error) => {
  console.error("An idle connection to Postgres was lost:", error.message);
});

// Sealed with CAL_TOKEN_ENCRYPTION_KEYS before they reach the table.
const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), {
  keys: encryptionKeysFromEnv(),
});

/** The routes under /api/cal. Made once for the process; everything else that they need is in the environment. */
export const handlers = createCalHandlers.fromEnv({
  tokenStore,
  authenticate(request) {
    const user = signedIn(request.headers.get("cookie"));
    return user && { userId: user.id, email: user.email, name: user.name, timeZone: user.timeZone };
  },
  successUrl: "/settings",
});
