import { authenticate, createBrowser, equal, ORIGIN, SECRET, start } from "./support.js";

export function createApp(modules) {
  const { cal, emulator, now } = start(modules);
  const { handle } = modules.handlers.createCalHandlers({
    client: cal,
    authenticate,
    stateSecret: SECRET,
    appUrl: ORIGIN,
    successUrl: "/connected",
    errorUrl: "/failed",
    now,
    onError: () => undefined,
  });
  return { emulator, handle };
}

/** Starts to connect Google, and consents. Returns the URL that the browser is redirected to. */
export async function consent({ emulator }, browser) {
  const { data } = await browser.get("/calendars/oauth-connect-url?type=google");
  const { redirectTo } = await emulator.provider.authorize(data.authUrl, { account: "alice" });
  return redirectTo;
}

/** All steps of a settings page and its user. */
export async function connectAndDisconnect(app, browser) {
  const before = await browser.get("/calendars/status");
  equal(
    before,
    {
      success: true,
      data: { hasConnectedCalendars: false, calendars: [], calAccount: null, linkable: false },
    },
    "status before",
  );
  const end = await browser.visit(await consent(app, browser));
  equal(end, { page: "/connected", calendarType: "google", connected: "true" }, "end of the consent");

  const { data: status } = await browser.get("/calendars/status");
  equal(status.hasConnectedCalendars, true, "connected");
  equal(
    status.calendars.map(({ email }) => email),
    ["alice@gmail.example"],
    "connections",
  );
  const { data: synced } = await browser.post("/calendars/sync-credentials", { calendarType: "google" });
  equal(synced.connected, true, "connected, after a sync");
  const { data: gone } = await browser.post("/calendars/disconnect", { calendarType: "google" });
  equal(gone.disconnected, [{ credentialId: status.calendars[0].credentialId }], "disconnected");
  equal(
    (await browser.get("/calendars/status")).data.hasConnectedCalendars,
    false,
    "connected, after a disconnect",
  );
}

const direct =
  ({ handle }) =>
  (url, init) =>
    handle(new Request(url, init));

export const handlers = [
  {
    name: "handlers: connect, return, status, sync, disconnect",
    async run(modules) {
      const app = createApp(modules);
      await connectAndDisconnect(app, createBrowser(direct(app), "ada"));
    },
  },
  {
    name: "handlers: another browser or user is rejected",
    async run(modules) {
      const app = createApp(modules);
      const first = createBrowser(direct(app), "ada");
      const redirectTo = await consent(app, first);
      // The same user in another browser, which does not have the cookie of this attempt.
      const end = await createBrowser(direct(app), "ada").visit(redirectTo);
      equal([end.page, end.reason], ["/failed", "wrong_browser"], "end in another browser");
      equal((await first.get("/calendars/status")).data.hasConnectedCalendars, false, "connected");
      const other = await createBrowser(direct(app), "eve").visit(await consent(app, first));
      equal([other.page, other.reason], ["/failed", "wrong_user"], "end with another user");
    },
  },
];
