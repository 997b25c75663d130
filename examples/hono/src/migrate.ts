import { createSchema } from "calbridge/postgres";
import postgres from "postgres";

// Makes the token table where there is none. With migrations of your own, `npx calbridge schema` prints the SQL for them.
const sql = postgres(process.env.DATABASE_URL ?? "", { onnotice: () => undefined });
await createSchema(sql);
await sql.end();
