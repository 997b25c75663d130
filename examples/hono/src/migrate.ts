import { createSchema } from "calbridge/postgres";
import postgres from "postgres";

// Creates the token table if it does not exist. For your own migrations, `npx calbridge schema` prints the SQL.
const sql = postgres(process.env.DATABASE_URL ?? "", { onnotice: () => undefined });
await createSchema(sql);
await sql.end();
