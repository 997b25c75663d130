import formBody from "@fastify/formbody";
import { toNodeHandler } from "calbridge/node";
import fastify, { type FastifyInstance } from "fastify";
import { handlers } from "./calendar.js";
import { settingsPage, signInPage } from "./page.js";
import { listUsers, signedIn } from "./session.js";

/** The application: a sign-in page, a settings page and the routes of calbridge. */
export function createApp(): FastifyInstance {
  const app = fastify();
  app.register(formBody);

  app.all("/api/cal/*", toNodeHandler(handlers.handle));

  app.get("/", async (_request, reply) => reply.type("text/html").send(signInPage(await listUsers())));

  app.post<{ Body?: { user?: string } }>("/sign-in", (request, reply) => {
    const user = encodeURIComponent(request.body?.user ?? "");
    // Lax, so that the browser sends the cookie when the user returns from the provider's consent page.
    return reply
      .header("set-cookie", `session=${user}; Path=/; HttpOnly; SameSite=Lax`)
      .redirect("/settings", 303);
  });

  app.post("/sign-out", (_request, reply) =>
    reply.header("set-cookie", "session=; Path=/; Max-Age=0").redirect("/", 303),
  );

  app.get("/settings", async (request, reply) => {
    const user = await signedIn(request.headers.cookie);
    return user ? reply.type("text/html").send(settingsPage(user)) : reply.redirect("/", 303);
  });

  return app;
}
