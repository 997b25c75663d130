import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import { eq } from "drizzle-orm";
import { db } from "./database.js";
import { users } from "./schema.js";
import { signedIn } from "./session.js";

// The store uses the same pool as Drizzle. The table is in Drizzle's schema as well, for your own migrations and
// queries. The tokens are encrypted with CAL_TOKEN_ENCRYPTION_KEYS before they are written to it.
const tokenStore = encryptedTokenStore(postgresTokenStore({ client: db.$client }), {
  keys: encryptionKeysFromEnv(),
});

/** One client for the process. The other options are read from the environment. */
export const cal = CalClient.fromEnv({ tokenStore });

/** The routes under /api/cal. The other options are read from the environment. */
export const handlers = createCalHandlers.fromEnv({
  client: cal,
  async authenticate(request) {
    const user = await signedIn(request.headers.get("cookie"));
    return user && { userId: user.ulid, email: user.email, name: user.name, timeZone: user.timeZone };
  },
  successUrl: "/settings",
  async onConnected({ userId }) {
    await db.update(users).set({ calendarConnectedAt: new Date() }).where(eq(users.ulid, userId));
  },
});
