import { drizzle } from "drizzle-orm/node-postgres";
import { Pool } from "pg";

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// The pool replaces a connection that was lost while idle; without a listener the process would end.
pool.on("error", (error) => {
  console.error("An idle connection to Postgres was lost:", error.message);
});

export const db = drizzle({ client: pool });
