import { isCalError } from "calbridge";
import { createCalHandlers, type CalSession } from "calbridge/handlers";
import type { CalendarIntegrationStatus } from "calbridge/react";
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { streamSSE } from "hono/streaming";
import { randomBytes } from "node:crypto";
import { busyWeek, rangeOfWeek } from "./busy-week.js";
import { addConnectionsPage } from "./connections.js";
import { settingsDocument, signInDocument } from "./document.js";
import { faults, type ServerPanelState } from "./page/server-panel-state.js";
import type { DemoServices } from "./services.js";
import { injectFault } from "./faults.js";

/** The application's own users. A real application stores them in its database. */
const users = [
  { id: "01J0ADA", email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" },
  { id: "01J0GRACE", email: "grace@example.com", name: "Grace Hopper", timeZone: "America/New_York" },
];

// A strict policy, to show that the component works with it.
const securityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A small web application whose users connect their calendars. */
export function createApp(
  services: DemoServices,
  origin: string,
  assets: Record<string, { type: string; body: string }>,
): Hono {
  const { cal, emulator, feed } = services;
  const app = new Hono();
  app.use(csrf());
  app.use(async (context, next) => {
    await next();
    // The page at the end of a popup has a policy of its own.
    if (!context.res.headers.has("Content-Security-Policy"))
      context.header("Content-Security-Policy", securityPolicy);
    context.header("Referrer-Policy", "no-referrer");
    context.header("Cache-Control", "no-store");
  });

  const signedIn = (cookie: string | undefined) => users.find(({ id }) => id === cookie);
  const handlers = createCalHandlers({
    client: cal,
    authenticate: (request): CalSession | null => {
      const user = signedIn(/(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1]);
      return user ? { userId: user.id, email: user.email, name: user.name, timeZone: user.timeZone } : null;
    },
    stateSecret: randomBytes(32).toString("base64"),
    appUrl: origin,
    successUrl: "/",
    onError: ({ handler, reason, error }) =>
      feed.add({
        text: `${handler}: ${reason ?? (error instanceof Error ? error.message : "failed")}`,
        isFailure: true,
      }),
  });
  app.all("/api/cal/*", (context) => handlers.handle(context.req.raw));

  const serverPanelState = async (): Promise<ServerPanelState> => ({
    entries: feed.entries(),
    rows: (await services.rows()).map((row) =>
      Object.fromEntries(Object.entries(row).map(([column, value]) => [column, shorten(value)])),
    ),
  });

  const usersWithGrants = () =>
    Promise.all(
      users.map(async (user) => ({ ...user, grant: (await cal.forUser(user.id).calAccount())?.grant })),
    );

  app.get("/", async (context) => {
    const user = signedIn(getCookie(context, "session"));
    if (!user) return context.html(signInDocument(await usersWithGrants()));
    const initialStatus = await readStatus(context);
    const isEmulated = emulator !== undefined;
    return context.html(
      settingsDocument({
        userName: user.name,
        timeZone: user.timeZone,
        initialStatus,
        mode: context.req.query("mode") === "popup" ? "popup" : "redirect",
        serverPanel: await serverPanelState(),
        isEmulated,
      }),
    );
  });

  // Calls the status route without the network, so that the server can render the page with its content.
  const readStatus = async (context: Context): Promise<CalendarIntegrationStatus | undefined> => {
    const { headers, signal } = context.req.raw;
    const response = await handlers.status(
      new Request(`${origin}/api/cal/calendars/status`, { headers, signal }),
    );
    // If it failed, the browser loads the status again and shows an error if that fails as well.
    return ((await response.json()) as { data?: CalendarIntegrationStatus }).data;
  };

  app.get("/demo/busy", async (context) => {
    const user = signedIn(getCookie(context, "session"));
    if (!user) return context.text("Sign in first.", 401);
    const { timeZone } = user;
    const now = new Date();
    const { calendars } = cal.forUser(user.id);
    try {
      const query = { ...rangeOfWeek({ now, timeZone }), timeZone, skipUnreadable: true };
      return context.json(busyWeek(await calendars.busyTimes(query), { now, timeZone }));
    } catch (error) {
      // Nothing is connected yet, or Cal.com can't be reached: the strip says that it knows nothing.
      if (!isCalError(error)) throw error;
      return context.json(null);
    }
  });

  app.post("/sign-in", async (context) => {
    const form = await context.req.parseBody();
    const user = signedIn(typeof form["id"] === "string" ? form["id"] : undefined);
    // For the demo only: a real application verifies the user.
    if (user) setCookie(context, "session", user.id, { httpOnly: true, sameSite: "Lax", path: "/" });
    return context.redirect("/", 303);
  });

  app.post("/sign-out", (context) => {
    setCookie(context, "session", "", { path: "/", maxAge: 0 });
    return context.redirect("/", 303);
  });

  app.get("/demo/events", (context) => {
    if (!signedIn(getCookie(context, "session"))) return context.text("Sign in first.", 401);
    return streamSSE(context, async (stream) => {
      let notify = (): void => undefined;
      const unsubscribe = feed.subscribe(() => notify());
      stream.onAbort(() => {
        unsubscribe();
        notify();
      });
      while (!stream.aborted) {
        const next = new Promise<void>((resolve) => (notify = resolve));
        await stream.writeSSE({ data: JSON.stringify(await serverPanelState()) });
        await next;
      }
    });
  });

  app.post("/demo/faults/:name", async (context) => {
    const user = signedIn(getCookie(context, "session"));
    const fault = faults.find(({ name }) => name === context.req.param("name"));
    if (!user || !fault || !emulator) return context.text("Unknown fault.", 404);
    feed.add(await injectFault(services, fault.name, user.id));
    return context.body(null, 204);
  });

  addConnectionsPage(app, services, users);

  for (const [path, { type, body }] of Object.entries(assets)) {
    app.get(path, (context) => context.body(body, 200, { "Content-Type": type }));
  }
  return app;
}

function shorten(value: unknown): string {
  const text =
    value instanceof Date ? value.toISOString() : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 34)}… (${String(text.length)})` : text;
}
