import { CalClient, encryptedTokenStore, encryptionKeysFromEnv } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { postgresTokenStore } from "calbridge/postgres";
import postgres from "postgres";
import { signedIn } from "./session.js";

interface Env {
  HYPERDRIVE: { connectionString: string };
  /** Variables and secrets. */
  [variable: `${"CAL_" | "APP_" | "NEXT_"}${string}`]: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

export default {
  // All of it for each request: on Workers, a request can't use the connections and promises of another one.
  async fetch(request: Request, { HYPERDRIVE, ...env }: Env, context: Context): Promise<Response> {
    const sql = postgres(HYPERDRIVE.connectionString, { max: 5, fetch_types: false });
    const tokenStore = encryptedTokenStore(postgresTokenStore({ client: sql }), {
      keys: encryptionKeysFromEnv(env),
    });
    const client = CalClient.fromEnv({ env, tokenStore, waitUntil: (work) => context.waitUntil(work) });
    const response = await createCalHandlers.fromEnv({ env, client, authenticate: signedIn }).handle(request);
    // First a refresh that is still running, then the connections.
    context.waitUntil(client.close().then(() => sql.end()));
    return response;
  },
};
