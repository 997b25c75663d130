import type { ExecutionContext } from "hono";
import postgres from "postgres";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

interface Env {
  HYPERDRIVE: { connectionString: string };
  /** Variables and secrets, as in .env.example. */
  [variable: `${"CAL_" | "APP_"}${string}`]: string;
}

/** What Workers serve. */
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { HYPERDRIVE, ...variables } = env;
    // All anew for each request: on Workers one request can't use another's connections, nor wait for its work.
    // Hyperdrive keeps the pool. Its cache has to be off (see the readme): a token that was read a minute ago may be gone.
    const sql = postgres(HYPERDRIVE.connectionString, { max: 5, fetch_types: false });
    const response = await createApp(createCalendar(sql, variables)).fetch(request, env, context);
    context.waitUntil(sql.end());
    return response;
  },
};
