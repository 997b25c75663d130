import { serveStatic } from "hono/bun";
import { postgresTokenStore } from "calbridge/postgres";
import postgres from "postgres";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

/** What is used of Bun here. The package `@types/bun` has all of it. */
declare const Bun: {
  serve(options: { fetch(request: Request): Response | Promise<Response>; port: number }): {
    port: number;
    stop(): Promise<void>;
  };
};

// One client and one set of handlers for the process.
const sql = postgres(process.env.DATABASE_URL ?? "");
const { cal, handlers } = createCalendar(postgresTokenStore({ client: sql }), process.env);
const app = createApp(handlers);
// The page's script. On Workers, the platform serves it.
app.use("/settings.js", serveStatic({ root: "./public" }));

const server = Bun.serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
console.log(`Listening on port ${server.port}`);

// First the requests end, then the refreshes in flight, and then the connections that these write with.
process.once("SIGTERM", () => {
  void server
    .stop()
    .then(() => cal.close())
    .then(() => sql.end());
});
