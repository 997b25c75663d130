import { sqliteTokenStore, type D1Database } from "calbridge/sqlite";
import type { ExecutionContext } from "hono";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

interface Env {
  DB: D1Database;
  /** Variables and secrets, as in .env.example. */
  [variable: `${"CAL_" | "APP_"}${string}`]: string;
}

/** The handler for Workers. */
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { DB, ...variables } = env;
    // Create all of it for each request: on Workers a request can't use the promises of another one.
    const store = sqliteTokenStore({ database: DB });
    const { cal, handlers } = createCalendar(store, variables, (work) => context.waitUntil(work));
    const response = await createApp(handlers).fetch(request, env, context);
    // A refresh that is still running is written.
    context.waitUntil(cal.close());
    return response;
  },
};
