import { serveStatic } from "hono/bun";
import { postgresTokenStore } from "calbridge/postgres";
import postgres from "postgres";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

// One client and one set of handlers for the process.
const sql = postgres(process.env.DATABASE_URL ?? "");
const app = createApp(createCalendar(postgresTokenStore({ client: sql }), process.env));
// The page's script. On Workers, the platform serves it.
app.use("/settings.js", serveStatic({ root: "./public" }));

/** The server for Bun. */
export default { fetch: app.fetch, port: Number(process.env.PORT ?? 3000) };
