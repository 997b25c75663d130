import { isCalError, type CalUser, type CalendarProvider, type OAuthProvider } from "calbridge";
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { html } from "hono/html";
import { settingsPage, signInPage } from "./pages.js";
import type { DemoServices } from "./services.js";

/** The application's own users. A real one has them in its database. */
const users = [
  { id: "01J0ADA", email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" },
  { id: "01J0GRACE", email: "grace@example.com", name: "Grace Hopper", timeZone: "America/New_York" },
];

/** A small web application whose users connect their calendars. */
export function createApp(services: DemoServices, origin: () => string): Hono {
  const { cal, emulator } = services;
  const app = new Hono();
  app.use(csrf());
  app.use(async (context, next) => {
    await next();
    // The address of the consent page carries an access token.
    context.header("Referrer-Policy", "no-referrer");
    context.header("Cache-Control", "no-store");
  });

  const userOf = async (context: Context): Promise<CalUser | null> => {
    const profile = users.find(({ id }) => id === getCookie(context, "session"));
    return profile ? cal.ensureUser(profile.id, profile) : null;
  };

  app.get("/", async (context) => {
    const user = await userOf(context);
    if (!user) return context.html(signInPage(users));
    const providers: CalendarProvider[] = ["google", "office365"];
    const connections = await Promise.all(
      providers.map(async (provider) => ({ provider, ...(await user.calendars.sync(provider)) })),
    );
    const name = users.find(({ id }) => id === user.id)?.name ?? user.id;
    const { tokenEvents } = services;
    return context.html(
      settingsPage({
        name,
        connections,
        rows: await services.rows(),
        tokenEvents,
        isEmulated: emulator !== undefined,
      }),
    );
  });

  app.post("/sign-in", async (context) => {
    const form = await context.req.parseBody();
    const user = users.find(({ id }) => id === form["id"]);
    if (!user) return context.redirect("/", 303);
    // A demo: a real application would ask for more than a name.
    setCookie(context, "session", user.id, { httpOnly: true, sameSite: "Lax", path: "/" });
    return context.redirect("/", 303);
  });

  app.post("/connect/:provider", async (context) => {
    const user = await userOf(context);
    if (!user) return context.redirect("/", 303);
    const provider = context.req.param("provider") as OAuthProvider;
    const { authUrl } = await user.calendars.connectUrl(provider, { redirectTo: `${origin()}/` });
    return context.redirect(authUrl, 303);
  });

  app.post("/disconnect/:provider", async (context) => {
    const user = await userOf(context);
    await user?.calendars.disconnect(context.req.param("provider") as OAuthProvider);
    return context.redirect("/", 303);
  });

  if (emulator) {
    app.post("/emulator/hour", (context) => {
      emulator.clock.advance(61 * 60_000);
      return context.redirect("/", 303);
    });
    app.post("/emulator/lose-refresh", (context) => {
      emulator.clock.advance(61 * 60_000);
      emulator.inject({ path: /\/refresh$/, effect: { reset: true }, lost: true });
      return context.redirect("/", 303);
    });
  }

  app.onError((error, context) => {
    // Nothing in an error of calbridge is secret; anything else stays on the server.
    const told = isCalError(error) ? `${error.code}: ${error.message}` : "Something went wrong.";
    return context.html(
      html`<h1>That did not work</h1>
        <p>${told}</p>
        <p><a href="/">Back</a></p>`,
      500,
    );
  });
  return app;
}
