import { CalClient, memoryTokenStore } from "calbridge";
import { createCalEmulator } from "calbridge/testing";
import { expect, test } from "vitest";
import { busyOn } from "./busy-on.js";

/** A user whose Google calendar is connected, with an emulated Cal.com for each test. */
async function connectedUser() {
  const emulator = createCalEmulator({ now: () => Date.parse("2027-01-04T08:00:00Z") });
  const cal = new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    now: emulator.clock.now,
    tokenStore: memoryTokenStore({ now: emulator.clock.now }),
    retry: { limit: 0 }, // without it the tests wait for retries
  });
  const ada = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
  const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://your-app.com/done" });
  await emulator.provider.authorize(authUrl, { account: "alice" });

  const lesson = { start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
  emulator.provider.addEvent("google", "alice", { title: "Lesson", ...lesson });
  return { emulator, readBusy: () => busyOn(cal, "ada", "2027-01-04", "2027-01-05") };
}

const busy = {
  state: "known",
  busy: [{ start: new Date("2027-01-04T10:00:00Z"), end: new Date("2027-01-04T11:00:00Z") }],
};

test("an hour later the access token has expired, and one refresh replaces it for three calls", async () => {
  const { emulator, readBusy } = await connectedUser();
  expect(await readBusy()).toMatchObject(busy);

  emulator.clock.advance(61 * 60_000);
  const results = await Promise.all([readBusy(), readBusy(), readBusy()]);
  expect(results).toMatchObject([busy, busy, busy]);
  expect(emulator.count({ method: "POST", path: "/oauth/test-client/refresh" })).toBe(1);
});

test("after the response of a refresh is lost, the next call works without a new consent", async () => {
  const { emulator, readBusy } = await connectedUser();
  emulator.inject({
    method: "POST",
    path: "/oauth/test-client/refresh",
    effect: { reset: true },
    lost: true,
  });
  emulator.clock.advance(61 * 60_000);
  expect(await readBusy()).toEqual({ state: "try-later" });
  expect(await readBusy()).toMatchObject(busy);
});

test("a user who revoked access at Google is asked to reconnect", async () => {
  const { emulator, readBusy } = await connectedUser();
  for (const { id } of emulator.users.list()) emulator.provider.revoke({ userId: id, provider: "google" });
  expect(await readBusy()).toEqual({ state: "reconnect" });
});

test.each([
  { failure: "is down", effect: { status: 503 } },
  { failure: "can't be reached", effect: { reset: true } },
  { failure: "returns the error page of a proxy", effect: { html: true } },
] as const)(
  "when Cal.com $failure, the user is asked to try later, and later it works",
  async ({ effect }) => {
    const { emulator, readBusy } = await connectedUser();
    const outage = emulator.inject({ path: /./, times: Infinity, effect });
    expect(await readBusy()).toEqual({ state: "try-later" });
    outage.remove();
    expect(await readBusy()).toMatchObject(busy);
  },
);
