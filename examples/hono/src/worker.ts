import type { ExecutionContext } from "hono";
import postgres from "postgres";
import { createApp } from "./app.js";
import { createCalendar } from "./calendar.js";

interface Env {
  HYPERDRIVE: { connectionString: string };
  /** Variables and secrets, as in .env.example. */
  [variable: `${"CAL_" | "APP_"}${string}`]: string;
}

/** The handler for Workers. */
export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const { HYPERDRIVE, ...variables } = env;
    // Create all of it for each request: on Workers a request can use neither the connections nor the promises of another
    // one. Hyperdrive has the pool. Disable its cache (see the readme): a cached token may no longer be valid.
    const sql = postgres(HYPERDRIVE.connectionString, { max: 5, fetch_types: false });
    const { cal, handlers } = createCalendar(sql, variables, (work) => context.waitUntil(work));
    const response = await createApp(handlers).fetch(request, env, context);
    // First a refresh that is still running, then the connections.
    context.waitUntil(cal.close().then(() => sql.end()));
    return response;
  },
};
