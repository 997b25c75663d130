import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Calbridge from "../../src/index.js";
import type * as Handlers from "../../src/handlers/index.js";
import type * as Node from "../../src/node/index.js";
import type * as Postgres from "../../src/stores/postgres/postgres-token-store.js";
import { dist } from "./report.js";

const load = async <T>(file: string) => (await import(pathToFileURL(join(dist, file)).href)) as T;
const { CalClient } = await load<typeof Calbridge>("index.js");
const { createCalHandlers } = await load<typeof Handlers>("handlers.js");
const { toNodeHandler } = await load<typeof Node>("node.js");
const { createSchema, postgresTokenStore } = await load<typeof Postgres>("postgres.js");

// An application with two status routes: the handlers of calbridge, and one written by hand with fetch and pg.
const [calUrl = "", databaseUrl = ""] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
await pool.query('CREATE TABLE "User" ("ulid" TEXT PRIMARY KEY)');
await pool.query("INSERT INTO \"User\" SELECT 'user' || n FROM generate_series(0, 99) n");
await createSchema(pool);

const client = new CalClient({
  managedUsers: { clientId: "bench", clientSecret: "bench-secret" },
  baseUrl: calUrl,
  tokenStore: postgresTokenStore({ client: pool }),
});
const userIdOf = (cookie = ""): string | undefined => /session=(\w+)/.exec(cookie)?.[1];
const handlers = createCalHandlers({
  client,
  authenticate: (request) => {
    const userId = userIdOf(request.headers.get("cookie") ?? "");
    return userId === undefined ? null : { userId, email: `${userId}@users.example`, name: userId };
  },
  stateSecret: "a-secret-of-the-bench-that-is-long-enough",
  appUrl: "http://127.0.0.1",
  successUrl: "/",
  exposeAccessToken: true,
});

interface ListBody {
  data: { connectedCalendars: { error?: unknown }[] };
}

async function byHand(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { rows } = await pool.query<{ token: string }>(
    'SELECT "calAccessToken" AS token FROM "CalendarIntegration" WHERE "userUlid" = $1',
    [userIdOf(request.headers.cookie)],
  );
  const headers = { authorization: `Bearer ${rows[0]?.token ?? ""}` };
  const listed = await fetch(`${calUrl}/calendars`, { headers });
  if (!listed.ok) throw new Error(String(listed.status));
  const { data } = (await listed.json()) as ListBody;
  const calendars = data.connectedCalendars;
  const hasConnectedCalendars = calendars.some(({ error }) => !error);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ success: true, data: { hasConnectedCalendars, calendars } }));
}

const calbridge = toNodeHandler(handlers.handle);
const server = createServer((request, response) => {
  const route = request.url === "/by-hand" ? byHand : calbridge;
  route(request, response).catch(() => response.writeHead(500).end());
});
server.listen(0, "127.0.0.1", () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("message", () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed, cpuMs: (user + system) / 1000 });
});
