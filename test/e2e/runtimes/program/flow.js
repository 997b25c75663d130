import { ada, equal, refreshes, rejection, start } from "./support.js";

/** Creates a user, connects a calendar, reads it and disconnects it. */
export async function walk(cal, authorize) {
  const user = await cal.ensureUser("ada", ada);
  const { authUrl } = await user.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
  equal((await user.calendars.check("google")).connected, false, "connected before the consent");
  await authorize(authUrl);
  equal(await user.calendars.check("google"), { connected: true }, "status");

  const { connectedCalendars } = await user.calendars.list();
  equal(
    connectedCalendars.map(({ primary }) => primary?.email),
    ["alice@gmail.example"],
    "connections",
  );
  const calendars = connectedCalendars.flatMap(({ credentialId, calendars }) =>
    calendars.map(({ externalId }) => ({ credentialId, externalId })),
  );
  const week = { from: "2027-01-04", to: "2027-01-09", timeZone: "Europe/London" };
  equal(await user.calendars.busyTimes({ ...week, calendars }), [], "busy times");
  await user.calendars.disconnect("google");
  equal((await user.calendars.check("google")).connected, false, "connected after the disconnect");
  equal(await user.delete(), true, "deleted");
}

/** Presses "Allow" on the emulator's consent page, over HTTP, as a browser would. */
async function allow(authUrl) {
  const page = await (await fetch(authUrl)).text();
  if (!page.includes("alice@gmail.example")) throw new Error("the consent page does not offer Alice");
  const body = new URLSearchParams({ account: "alice", decision: "allow", calendars: "yes" });
  let response = await fetch(authUrl, { method: "POST", body, redirect: "manual" });
  // To Cal.com's callback, and from there to the application.
  for (let hops = 0; hops < 3; hops += 1) {
    const location = response.headers.get("location");
    if (location === "https://app.example/done") return;
    await response.body?.cancel();
    response = await fetch(location, { redirect: "manual" });
  }
  throw new Error(`the consent does not lead to the application: ${response.status}`);
}

export const flow = [
  {
    name: "main flow, in process",
    async run(modules) {
      const { cal, emulator } = start(modules);
      await walk(cal, (authUrl) => emulator.provider.authorize(authUrl, { account: "alice" }));
    },
  },
  {
    name: "main flow, over HTTP",
    async run(modules, { emulatorUrl }) {
      const { calbridge, testing } = modules;
      const emulator = testing.createCalEmulator();
      // A runtime that can't listen uses an emulator outside of it.
      const server = emulatorUrl ? undefined : await emulator.listen();
      try {
        const cal = new calbridge.CalClient({
          managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
          baseUrl: emulatorUrl ?? server.url,
          tokenStore: calbridge.memoryTokenStore(),
        });
        await walk(cal, allow);
      } finally {
        await server?.close();
      }
    },
  },
  {
    name: "expired token: one refresh",
    async run(modules) {
      const { cal, emulator } = start(modules);
      const user = await cal.ensureUser("ada", ada);
      await user.profile();
      equal(refreshes(emulator), 0, "refreshes before");
      emulator.clock.advance(60 * 60_000);
      const names = await Promise.all(Array.from({ length: 20 }, async () => (await user.profile()).name));
      equal([...new Set(names)], [ada.name], "names");
      equal(refreshes(emulator), 1, "refreshes");
    },
  },
  {
    name: "status 498: one refresh and one retry",
    async run(modules) {
      const outcomes = [];
      const { cal, emulator, tokenStore } = start(modules, {
        hooks: { onTokenRefresh: ({ outcome }) => outcomes.push(outcome) },
      });
      const user = await cal.ensureUser("ada", ada);
      await user.profile();
      emulator.users.expireAccessTokens((await tokenStore.get("ada")).calUserId);
      const before = emulator.count({ path: "/me" });
      equal((await user.profile()).name, ada.name, "name");
      equal(emulator.requests.filter(({ status }) => status === 498).length, 1, "498s");
      equal(emulator.count({ path: "/me" }) - before, 2, "calls");
      equal(refreshes(emulator), 1, "refreshes");
      equal(outcomes, ["refreshed"], "outcomes");
    },
  },
  {
    name: "lost response of a refresh: recovered",
    async run(modules) {
      const { cal, emulator } = start(modules, { retry: { limit: 0 } });
      const user = await cal.ensureUser("ada", ada);
      emulator.clock.advance(60 * 60_000);
      const path = `/oauth/${emulator.clientId}/refresh`;
      emulator.inject({ method: "POST", path, effect: { reset: true }, lost: true });
      equal((await rejection(user.profile())).code, "network_error", "code");
      equal((await user.profile()).name, ada.name, "name");
    },
  },
];
