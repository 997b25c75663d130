import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { sqliteTokenStore, type D1Database } from "calbridge/sqlite";
import { signedIn } from "./session.js";

interface Env {
  DB: D1Database;
  /** Variables and secrets. */
  [variable: `${"CAL_" | "APP_" | "NEXT_"}${string}`]: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  // All of it for each request: on Workers, a request can't use the promises of another one.
  fetch(request: Request, { DB, ...env }: Env, context: Context): Promise<Response> {
    const tokenStore = encryptedTokenStore(sqliteTokenStore({ database: DB }), {
      keys: encryptionKeysFromEnv(env),
    });
    const client = CalClient.fromEnv({ env, tokenStore, waitUntil: (work) => context.waitUntil(work) });
    return createCalHandlers.fromEnv({ env, client, authenticate: signedIn }).handle(request);
  },
};
