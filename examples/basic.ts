import { CalClient, memoryTokenStore } from "calbridge";
import { createCalEmulator } from "calbridge/testing";

// An emulated Cal.com, so that this example runs without an account. For the real one, set CAL_CLIENT_ID and
// CAL_CLIENT_SECRET, and write: const cal = CalClient.fromEnv({ tokenStore: memoryTokenStore() });
const emulator = createCalEmulator();
const cal = new CalClient({
  ...emulator.clientOptions,
  tokenStore: memoryTokenStore(),
});

// Your user, with your own id. Finds or creates the managed user at Cal.com.
const ada = await cal.ensureUser("user-1", {
  email: "ada@example.com",
  name: "Ada Lovelace",
  timeZone: "Europe/London",
});

// Redirect the browser to authUrl. Ada consents at Google, and Cal.com redirects her to returnUrl.
const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://your-app.com/cal/done" });
await emulator.provider.authorize(authUrl, { account: "alice" }); // Ada presses "Allow"

// The redirect is the same after success and failure, so check the connection at Cal.com.
const status = await ada.calendars.check("google");
if (!status.connected) throw new Error(`${status.reason}: ${status.message}`);

const { connectedCalendars } = await ada.calendars.list();
for (const { primary, calendars } of connectedCalendars) {
  console.log(`Connected: ${primary?.email ?? "?"} with ${calendars.length} calendars`);
}

// Ada adds a lesson to her Google calendar.
const lesson = { title: "Lesson", start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
emulator.provider.addEvent("google", "alice", lesson);

const busy = await ada.calendars.busyTimes({
  from: "2027-01-04",
  to: "2027-01-09",
  timeZone: "Europe/London",
  calendars: connectedCalendars.flatMap(({ credentialId, calendars }) =>
    calendars.map(({ externalId }) => ({ credentialId, externalId })),
  ),
});
for (const { start, end } of busy) console.log(`Busy from ${start.toISOString()} to ${end.toISOString()}`);
