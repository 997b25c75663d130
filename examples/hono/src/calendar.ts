import { encryptedTokenStore, encryptionKeysFromEnv, type TokenStore } from "calbridge";
import { createCalHandlers, type CalHandlers } from "calbridge/handlers";
import { signedIn } from "./session.js";

/** Creates the routes under /api/cal. The other options are read from the environment. */
export function createCalendar(store: TokenStore, env: Record<string, string | undefined>): CalHandlers {
  // The tokens are encrypted with CAL_TOKEN_ENCRYPTION_KEYS before they are written to the table.
  const tokenStore = encryptedTokenStore(store, { keys: encryptionKeysFromEnv(env) });
  return createCalHandlers.fromEnv({
    env,
    tokenStore,
    authenticate(request) {
      const user = signedIn(request.headers.get("cookie"));
      return user && { userId: user.id, email: user.email, name: user.name, timeZone: user.timeZone };
    },
    successUrl: "/settings",
  });
}
