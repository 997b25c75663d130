import { encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { eq } from "drizzle-orm";
import { db } from "./database.js";
import { users } from "./schema.js";
import { signedIn } from "./session.js";

// The pool that Drizzle uses is all the store needs; the table is in Drizzle's schema, for migrations and queries of
// your own. Tokens are sealed with CAL_TOKEN_ENCRYPTION_KEYS before they reach it.
const tokenStore = encryptedTokenStore(postgresTokenStore({ client: db.$client }), {
  keys: encryptionKeysFromEnv(),
});

/** The routes under /api/cal. Made once for the process; everything else that they need is in the environment. */
export const handlers = createCalHandlers.fromEnv({
  tokenStore,
  async authenticate(request) {
    const user = await signedIn(request.headers.get("cookie"));
    return user && { userId: user.ulid, email: user.email, name: user.name, timeZone: user.timeZone };
  },
  successUrl: "/settings",
  async onConnected({ userId }) {
    await db.update(users).set({ calendarConnectedAt: new Date() }).where(eq(users.ulid, userId));
  },
});
