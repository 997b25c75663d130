import { createSchema } from "calbridge/postgres";
import { createApp } from "./app.js";
import { pool } from "./calendar.js";

// Makes the token table where there is none. With migrations of your own, `npx calbridge schema` prints the SQL for them.
await createSchema(pool);

const port = Number(process.env.PORT ?? 3000);
const server = createApp().listen(port, () => {
  console.log(`Listening on port ${port}`);
});

process.once("SIGTERM", () => {
  server.close(() => void pool.end());
});
