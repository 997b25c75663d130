import { drizzle } from "drizzle-orm/node-postgres";
import { Pool } from "pg";

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
// The pool replaces an idle connection that was lost. Without a listener the error would end the process.
pool.on("error", (error) => {
  console.error("An idle connection to Postgres was lost:", error.message);
});

export const db = drizzle({ client: pool });
