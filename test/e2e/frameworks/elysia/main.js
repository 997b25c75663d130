import { Elysia } from "elysia";
import { accountsOf, calendar } from "./calendar.js";

const html = { headers: { "content-type": "text/html" } };

new Elysia()
  // mount() removes the path that it is given.
  .mount("/shop/api/cal", (request) => calendar({ basePathStripped: true }).handle(request))
  .get("/shop/settings", () => new Response("<h1>Settings</h1>", html))
  .get(
    "/shop/accounts/:user",
    async ({ params }) => new Response(`Accounts: ${await accountsOf(params.user)}`, html),
  )
  .listen({ port: Number(process.env.PORT), hostname: "127.0.0.1" });
