import { CalClient, encryptedTokenStore, type Telemetry, type TokenStore } from "calbridge";
import { createSchema, postgresConnectionStore, postgresTokenStore } from "calbridge/postgres";
import { createCalEmulator, type CalEmulator } from "calbridge/testing";
import { randomBytes } from "node:crypto";
import pg from "pg";
import { startPostgres } from "../../test/support/postgres-server.js";
import { createFeed, type Feed } from "./feed.js";

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** The client of the emulated Cal.com for users' own Cal.com accounts. */
const oauthClient = {
  clientId: "fernhill",
  clientSecret: randomBytes(32).toString("hex"),
  scopes: ["APPS_READ", "APPS_WRITE", "PROFILE_READ"],
};

/** The services that the demo uses. */
export interface DemoServices {
  cal: CalClient;
  /** `undefined` when the real Cal.com is used. */
  emulator: CalEmulator | undefined;
  /** Decrypts the tokens of the table. */
  tokenStore: TokenStore;
  /** The rows of the token table, for the page that shows them. */
  rows(): Promise<Record<string, unknown>[]>;
  feed: Feed;
  stop(): Promise<void>;
}

/**
 * Starts a Postgres server and, unless a client of the real Cal.com is set (`CAL_CLIENT_ID` and `CAL_CLIENT_SECRET`,
 * `CAL_OAUTH_CLIENT_ID`, or both), the emulated Cal.com on a port of its own.
 */
export async function startServices(env: NodeJS.ProcessEnv, telemetry?: Telemetry): Promise<DemoServices> {
  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url });
  pool.on("error", () => {
    // An idle connection was lost. The pool opens another one. Without a listener the error would end the process.
  });
  await createSchema(pool, { connections: true });
  // In memory only, as the demo's database ends with the process as well.
  const keys = { demo: randomBytes(32).toString("base64") };
  const feed = createFeed();
  const tokenStore = encryptedTokenStore(postgresTokenStore({ client: pool }), { keys });
  const connectionStore = postgresConnectionStore({ client: pool });
  const shared = { tokenStore, connectionStore, hooks: feed.hooks, telemetry };

  const isSet = (...names: string[]): boolean => names.every((name) => Boolean(env[name]?.trim()));
  const isReal = isSet("CAL_CLIENT_ID", "CAL_CLIENT_SECRET") || isSet("CAL_OAUTH_CLIENT_ID");
  const emulated = isReal ? undefined : await startEmulator();
  const cal = emulated
    ? new CalClient({ ...shared, ...emulated.options })
    : CalClient.fromEnv({ ...shared, env: { CAL_NEW_USERS: "managed", ...env } });
  return {
    cal,
    emulator: emulated?.emulator,
    tokenStore,
    rows: async () =>
      (await pool.query<Record<string, unknown>>(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`)).rows,
    feed,
    async stop() {
      // The refreshes in flight end before the pool that they write with.
      await cal.close();
      await emulated?.stop();
      await pool.end();
      await postgres.stop();
    },
  };
}

async function startEmulator() {
  const emulator = createCalEmulator();
  addEvents(emulator);
  // "localhost", while the application is at 127.0.0.1: for a browser these are two sites, as in production.
  const server = await emulator.listen({ host: "localhost" });
  const { clientId, clientSecret } = emulator;
  // Users without a record get a managed user, and may link their own Cal.com account instead. The client uses the
  // emulator's clock, so that a button can advance it by an hour.
  const options = {
    managedUsers: { clientId, clientSecret },
    oauth: { ...oauthClient, authorizeUrl: emulator.oauth2.authorizeUrl },
    newUsers: "managed",
    baseUrl: server.url,
    now: emulator.clock.now,
  } as const;
  return { emulator, options, stop: () => server.close() };
}

/** Registers the application at the emulated Cal.com, which compares the address of its callback exactly. */
export function registerApplication(emulator: CalEmulator, origin: string): void {
  const { clientId, clientSecret, scopes } = oauthClient;
  const redirectUris = [linkRedirectUri(origin)];
  emulator.oauth2.clients.create({
    id: clientId,
    secret: clientSecret,
    name: "Fernhill",
    redirectUris,
    scopes,
  });
}

/** Links one of the application's users with a person's own account at the emulated Cal.com, so that there is a user of each kind. */
export async function linkUser(
  { cal, emulator }: Pick<DemoServices, "cal" | "emulator">,
  origin: string,
  { userId, person }: { userId: string; person: string },
): Promise<void> {
  if (!emulator) throw new Error("Only the emulated Cal.com needs no person who allows it.");
  const redirectUri = linkRedirectUri(origin);
  const { url } = await cal.oauth.authorizationUrl({ state: randomBytes(16).toString("hex"), redirectUri });
  const { code } = await emulator.oauth2.authorize(url, { person });
  await cal.oauth.link(userId, { code: code ?? "", redirectUri });
}

function linkRedirectUri(origin: string): string {
  return `${origin}/api/cal/oauth/callback`;
}

/** A week of events, so that there is something to see. */
function addEvents({ provider, clock }: CalEmulator): void {
  const today = Math.floor(clock.now() / DAY_MS) * DAY_MS;
  const at = (days: number, hours: number): string =>
    new Date(today + days * DAY_MS + hours * HOUR_MS).toISOString();
  const add = (
    name: "google" | "office365",
    account: string,
    title: string,
    start: string,
    end: string,
  ): void => void provider.addEvent(name, account, { title, start, end });
  for (const account of ["alice@gmail.example", "carol@gmail.example"]) {
    for (const day of [0, 1, 3, 4]) add("google", account, "Lesson", at(day, 9), at(day, 10.5));
    add("google", account, "Rehearsal", at(1, 16), at(1, 18));
    add("google", account, "Concert abroad", at(2, 0), at(3, 0));
    add("google", account, "Night train", at(4, 21.5), at(5, 6.75));
  }
  for (const account of ["bob@outlook.example", "erin@outlook.example"]) {
    for (const day of [0, 3, 6]) add("office365", account, "Staff meeting", at(day, 13), at(day, 14));
  }
}
