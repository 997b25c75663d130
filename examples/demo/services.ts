import { CalClient, encryptedTokenStore, type CalClientOptions, type TokensInfo } from "calbridge";
import { createSchema, postgresTokenStore } from "calbridge/postgres";
import { createCalEmulator, type CalEmulator } from "calbridge/testing";
import { randomBytes } from "node:crypto";
import pg from "pg";
import { startPostgres } from "../../test/support/postgres-server.js";

/** Everything the demo runs on. */
export interface DemoServices {
  cal: CalClient;
  /** `undefined` when the real Cal.com is used. */
  emulator: CalEmulator | undefined;
  /** The token table, for the page that shows it. */
  rows(): Promise<Record<string, unknown>[]>;
  /** What the client did to have working tokens, latest last. */
  tokenEvents: TokensInfo[];
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
  const tokenEvents: TokensInfo[] = [];
  const shared = {
    tokenStore: encryptedTokenStore(postgresTokenStore({ client: pool }), { keys }),
    hooks: { onTokens: (info: TokensInfo) => tokenEvents.push(info) },
  };

  const isReal = env["CAL_CLIENT_ID"] !== undefined && env["CAL_CLIENT_SECRET"] !== undefined;
  const emulated = isReal ? undefined : await startEmulator();
  return {
    cal: emulated ? new CalClient({ ...shared, ...emulated.options }) : CalClient.fromEnv(shared),
    emulator: emulated?.emulator,
    rows: async () =>
      (await pool.query<Record<string, unknown>>(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`)).rows,
    tokenEvents,
    async stop() {
      await emulated?.stop();
      await pool.end();
      await postgres.stop();
    },
  };
}

async function startEmulator() {
  const emulator = createCalEmulator();
  const server = await emulator.listen();
  const { clientId, clientSecret } = emulator;
  // The client lives by the emulator's clock, so that an hour can pass at the press of a button.
  const options = {
    clientId,
    clientSecret,
    baseUrl: server.url,
    now: emulator.clock.now,
  } satisfies Partial<CalClientOptions>;
  return { emulator, options, stop: () => server.close() };
}
