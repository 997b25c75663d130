import { CalClient, encryptedTokenStore, encryptionKeysFromEnv, type TokenStore } from "calbridge";
import { createCalHandlers, type CalHandlers } from "calbridge/handlers";
import { signedIn } from "./session.js";

/** The client, and the routes under /api/cal. */
export interface Calendar {
  cal: CalClient;
  handlers: CalHandlers;
}

/**
 * Creates both. The other options are read from the environment. `waitUntil` is for a runtime that ends the work of a
 * request with its response.
 */
export function createCalendar(
  store: TokenStore,
  env: Record<string, string | undefined>,
  waitUntil?: (work: Promise<unknown>) => void,
): Calendar {
  // The tokens are encrypted with CAL_TOKEN_ENCRYPTION_KEYS before they are written to the table.
  const tokenStore = encryptedTokenStore(store, { keys: encryptionKeysFromEnv(env) });
  const cal = CalClient.fromEnv({ env, tokenStore, waitUntil });
  const handlers = createCalHandlers.fromEnv({
    env,
    client: cal,
    authenticate(request) {
      const user = signedIn(request.headers.get("cookie"));
      return user && { userId: user.id, email: user.email, name: user.name, timeZone: user.timeZone };
    },
    successUrl: "/settings",
  });
  return { cal, handlers };
}
