import { createApp } from "./app.js";
import { cal } from "./calendar.js";
import { db } from "./database.js";

const app = createApp();
await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`Listening on port ${process.env.PORT ?? "3000"}`);

// First the requests end, then the refreshes in flight, and then the pool that these write with.
process.once("SIGTERM", () => {
  void app
    .close()
    .then(() => cal.close())
    .then(() => db.$client.end());
});
