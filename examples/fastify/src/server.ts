import { createApp } from "./app.js";
import { db } from "./database.js";

const app = createApp();
await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`Listening on port ${process.env.PORT ?? "3000"}`);

process.once("SIGTERM", () => {
  void app.close().then(() => db.$client.end());
});
