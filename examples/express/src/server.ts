import { createSchema } from "calbridge/postgres";
import { createApp } from "./app.js";
import { cal, pool } from "./calendar.js";

// Creates the token table if it does not exist. For your own migrations, `npx calbridge schema` prints the SQL.
await createSchema(pool);

const port = Number(process.env.PORT ?? 3000);
const server = createApp().listen(port, () => {
  console.log(`Listening on port ${port}`);
});

// First the requests end, then the refreshes in flight, and then the pool that these write with.
process.once("SIGTERM", () => {
  server.close(() => void cal.close().then(() => pool.end()));
});
