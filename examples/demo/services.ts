import { CalClient, encryptedTokenStore, type TokenStore } from "calbridge";
import { createSchema, postgresTokenStore } from "calbridge/postgres";
import { createCalEmulator, type CalEmulator } from "calbridge/testing";
import { randomBytes } from "node:crypto";
import pg from "pg";
import { startPostgres } from "../../test/support/postgres-server.js";
import { createFeed, type Feed } from "./feed.js";

/** Everything the demo runs on. */
export interface DemoServices {
  cal: CalClient;
  /** `undefined` when the real Cal.com is used. */
  emulator: CalEmulator | undefined;
  /** Opens what the table keeps sealed. */
  tokenStore: TokenStore;
  /** The token table as it is, for the page that shows it. */
  rows(): Promise<Record<string, unknown>[]>;
  feed: Feed;
  stop(): Promise<void>;
}

/**
 * A real Postgres, and Cal.com: the real one if `CAL_CLIENT_ID` and `CAL_CLIENT_SECRET` are set, else the
 * emulator on a port of its own.
 */
export async function startServices(env: NodeJS.ProcessEnv): Promise<DemoServices> {
  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url });
  pool.on("error", () => {
    // An idle connection was lost; the pool opens another. Without a listener the process would end.
  });
  await createSchema(pool);
  // Kept in memory: with the process, the demo's database ends too.
  const keys = { demo: randomBytes(32).toString("base64") };
  const feed = createFeed();
  const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), { keys });
  const shared = { tokenStore, hooks: feed.hooks };

  const isReal = env["CAL_CLIENT_ID"] !== undefined && env["CAL_CLIENT_SECRET"] !== undefined;
  const emulated = isReal ? undefined : await startEmulator();
  return {
    cal: emulated ? new CalClient({ ...shared, ...emulated.options }) : CalClient.fromEnv(shared),
    emulator: emulated?.emulator,
    tokenStore,
    rows: async () =>
      (await pool.query<Record<string, unknown>>(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`)).rows,
    feed,
    async stop() {
      await emulated?.stop();
      await pool.end();
      await postgres.stop();
    },
  };
}

async function startEmulator() {
  const emulator = createCalEmulator();
  // By name, where the application goes by number: to a browser they are two sites, as in real life.
  const server = await emulator.listen({ host: "localhost" });
  const { clientId, clientSecret } = emulator;
  // The client lives by the emulator's clock, so that an hour can pass at the press of a button.
  const options = {
    managedUsers: { clientId, clientSecret },
    baseUrl: server.url,
    now: emulator.clock.now,
  } as const;
  return { emulator, options, stop: () => server.close() };
}
