import { CalClient, memoryTokenStore } from "calbridge";
import { createCalEmulator } from "calbridge/testing";
import { expect, test } from "vitest";
import { busyOn } from "./busy-on.js";

/** A user with a connected Google calendar, at this test's own Cal.com. */
async function connectedUser() {
  const emulator = createCalEmulator({ now: () => Date.parse("2027-01-04T08:00:00Z") });
  const cal = new CalClient({
    ...emulator.clientOptions,
    now: emulator.clock.now,
    tokenStore: memoryTokenStore({ now: emulator.clock.now }),
    retry: { limit: 0 }, // else the tests wait for retries
  });
  const ada = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
  const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://your-app.com/done" });
  await emulator.provider.authorize(authUrl, { account: "alice" });

  const lesson = { start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
  emulator.provider.addEvent("google", "alice", { title: "Lesson", ...lesson });
  return { emulator, ask: () => busyOn(cal, "ada", "2027-01-04", "2027-01-05") };
}

const busy = {
  state: "known",
  busy: [{ start: new Date("2027-01-04T10:00:00Z"), end: new Date("2027-01-04T11:00:00Z") }],
};

test("an hour later the token has expired, and one refresh renews it", async () => {
  const { emulator, ask } = await connectedUser();
  expect(await ask()).toMatchObject(busy);

  emulator.clock.advance(61 * 60_000);
  const results = await Promise.all([ask(), ask(), ask()]);
  expect(results).toMatchObject([busy, busy, busy]);
  expect(emulator.count({ method: "POST", path: "/oauth/test-client/refresh" })).toBe(1);
});

test("Cal.com refreshes but its response is lost: the next try works, without a new consent", async () => {
  const { emulator, ask } = await connectedUser();
  emulator.inject({
    method: "POST",
    path: "/oauth/test-client/refresh",
    effect: { reset: true },
    lost: true,
  });
  emulator.clock.advance(61 * 60_000);
  expect(await ask()).toEqual({ state: "try-later" });
  expect(await ask()).toMatchObject(busy);
});

test("a user who has taken access away at Google is asked to connect again", async () => {
  const { emulator, ask } = await connectedUser();
  for (const { id } of emulator.users.list()) emulator.provider.revoke({ userId: id, provider: "google" });
  expect(await ask()).toEqual({ state: "reconnect" });
});

test.each([
  { what: "is down", effect: { status: 503 } },
  { what: "can't be reached", effect: { reset: true } },
  { what: "is behind a proxy that returns an error page", effect: { html: true } },
] as const)("Cal.com $what: nothing is lost by it", async ({ effect }) => {
  const { emulator, ask } = await connectedUser();
  const outage = emulator.inject({ path: /./, times: Infinity, effect });
  expect(await ask()).toEqual({ state: "try-later" });
  outage.remove();
  expect(await ask()).toMatchObject(busy);
});
