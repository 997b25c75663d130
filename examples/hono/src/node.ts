import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { postgresTokenStore } from "calbridge/postgres";
import postgres from "postgres";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

// One client and one set of handlers for the process.
const sql = postgres(process.env.DATABASE_URL ?? "");
const { cal, handlers } = createCalendar(postgresTokenStore({ client: sql }), process.env);
const app = createApp(handlers);
// The page's script. On Workers, the platform serves it.
app.use("/settings.js", serveStatic({ root: "./public" }));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`Listening on port ${port}`);
});

// First the requests end, then the refreshes in flight, and then the connections that these write with.
process.once("SIGTERM", () => {
  server.close(() => void cal.close().then(() => sql.end()));
});
