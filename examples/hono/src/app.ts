import type { CalHandlers } from "calbridge/handlers";
import { Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { settingsPage, signInPage } from "./page.js";
import { signedIn, users } from "./session.js";

/** The application: a sign-in page, a settings page and the routes of calbridge. The same on every runtime. */
export function createApp(handlers: CalHandlers): Hono {
  const app = new Hono();

  app.on(["GET", "POST"], "/api/cal/*", (context) => handlers.handle(context.req.raw));

  app.get("/", (context) => context.html(signInPage(users)));

  app.post("/sign-in", async (context) => {
    const { user } = await context.req.parseBody();
    // Lax, so that the browser sends the cookie when the user returns from the provider's consent page.
    setCookie(context, "session", String(user), { httpOnly: true, sameSite: "Lax" });
    return context.redirect("/settings", 303);
  });

  app.post("/sign-out", (context) => {
    deleteCookie(context, "session");
    return context.redirect("/", 303);
  });

  app.get("/settings", (context) => {
    const user = signedIn(context.req.header("cookie"));
    return user ? context.html(settingsPage(user)) : context.redirect("/", 303);
  });

  return app;
}
