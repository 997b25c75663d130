import { toNodeHandler } from "calbridge/node";
import express, { type Express } from "express";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { handlers } from "./calendar.js";
import { settingsPage, signInPage } from "./page.js";
import { signedIn, users } from "./session.js";

/** The application: a sign-in page, a settings page and the routes of calbridge. */
export function createApp(): Express {
  const app = express();
  app.disable("x-powered-by");

  app.use("/api/cal", toNodeHandler(handlers.handle));

  // The page's script, and the module of calbridge that it imports.
  app.use(express.static(fileURLToPath(new URL("../public", import.meta.url))));
  app.use("/calbridge", express.static(dirname(fileURLToPath(import.meta.resolve("calbridge/browser")))));

  app.get("/", (_request, response) => {
    response.send(signInPage(users));
  });

  app.post("/sign-in", express.urlencoded(), (request, response) => {
    const { user = "" } = (request.body ?? {}) as { user?: string };
    // Lax, so that the browser sends the cookie when the user returns from the provider's consent page.
    response.cookie("session", user, { httpOnly: true, sameSite: "lax" });
    response.redirect(303, "/settings");
  });

  app.post("/sign-out", (_request, response) => {
    response.clearCookie("session");
    response.redirect(303, "/");
  });

  app.get("/settings", (request, response) => {
    const user = signedIn(request.headers.cookie);
    if (user) response.send(settingsPage(user));
    else response.redirect(303, "/");
  });

  return app;
}
