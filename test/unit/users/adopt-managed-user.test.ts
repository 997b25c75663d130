import { describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore, type TokenStore } from "../../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";

const ada = { email: "ada@example.com", name: "Ada" };

function clientOf(
  emulator: CalEmulator,
  tokenStore: TokenStore,
  fetch: typeof globalThis.fetch = emulator.fetch,
) {
  return new CalClient({ ...emulator.clientOptions, fetch, tokenStore });
}

describe("a user that Cal.com has and the store lost", () => {
  test("is taken over with one force-refresh, however many processes ask at once, and works", async () => {
    const emulator = createCalEmulator();
    await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
    const store = memoryTokenStore();
    const processes = Array.from({ length: 6 }, () => clientOf(emulator, store));
    const users = await Promise.all(processes.map((cal) => cal.ensureUser("ada", ada)));
    const profiles = await Promise.all(users.map((user) => user.profile()));
    expect(new Set(profiles.map(({ id }) => id)).size).toBe(1);
    expect(emulator.count({ path: /force-refresh$/ })).toBe(1);
  });

  test("is taken over at the next call if the first try failed half-way", async () => {
    const emulator = createCalEmulator();
    await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
    const cal = clientOf(emulator, memoryTokenStore());
    emulator.inject({ path: /force-refresh$/, effect: { status: 500 } });
    await expect(cal.ensureUser("ada", ada)).rejects.toMatchObject({ status: 500 });
    const user = await cal.ensureUser("ada", ada);
    expect((await user.profile()).email).toContain("ada");
  });
});

describe("ensureUser", () => {
  test("makes a user anew that another process has deleted", async () => {
    const emulator = createCalEmulator();
    const store = memoryTokenStore();
    const [one, two] = [clientOf(emulator, store), clientOf(emulator, store)];
    await (await one.ensureUser("ada", ada)).profile();
    await (await two.ensureUser("ada", ada)).delete();
    await expect((await one.ensureUser("ada", ada)).profile()).resolves.toBeTruthy();
  });

  test("each caller gets the error of its own input, and of no other caller's", async () => {
    const emulator = createCalEmulator();
    const cal = clientOf(emulator, memoryTokenStore());
    const [bad, good] = await Promise.allSettled([
      cal.ensureUser("ada", { email: "bad", name: "Ada" }),
      cal.ensureUser("ada", ada),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "invalid_input" } });
    expect(good.status).toBe("fulfilled");
  });
});

describe("what a proxy or a firewall says", () => {
  test.each([
    [401, "<html>Sign in</html>"],
    [403, "<html>Forbidden</html>"],
  ])("is no word about the calendar (%i)", async (status, body) => {
    const emulator = createCalEmulator();
    const user = await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
    emulator.inject({ path: /\/check$/, effect: { status, body } });
    await expect(user.calendars.check("google")).rejects.toMatchObject({ status });
  });

  test("does not make a 503 wait for a rate limit that has nothing to do with it", async () => {
    const emulator = createCalEmulator();
    const user = await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
    emulator.inject({
      path: "/calendars",
      effect: { status: 503, headers: { "x-ratelimit-reset-default": "45" } },
    });
    await expect(user.calendars.list()).resolves.toMatchObject({ connectedCalendars: [] });
  });
});

test("disconnects nothing before a reconnect, whatever is wrong with the connections", async () => {
  const emulator = createCalEmulator();
  const entry = (credentialId: number, message: string) => ({
    integration: { type: "google_calendar" },
    credentialId,
    error: { message },
  });
  const list = {
    status: "success",
    data: {
      connectedCalendars: [entry(1, "Access token expired or revoked"), entry(2, "connect ETIMEDOUT")],
    },
  };
  const user = await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
  const revoked = {
    status: "error",
    error: { code: "UnauthorizedException", message: "Access token expired or revoked" },
  };
  emulator.inject({ path: /\/check$/, effect: { status: 401, body: revoked } });
  emulator.inject({ path: "/calendars", effect: { status: 200, body: list } });
  await user.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
  expect(emulator.count({ path: /\/disconnect$/ })).toBe(0);
});

test("reads a list in which single entries or fields are odd", async () => {
  const emulator = createCalEmulator();
  const user = await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
  const connectedCalendars = [
    {
      integration: { type: "google_calendar", logo: { light: "a", dark: "b" } },
      credentialId: 1,
      error: "a text",
    },
    { credentialId: 2, error: { message: "no integration" } },
    {
      integration: { type: "new_calendar" },
      credentialId: 3,
      calendars: [{ name: "no id" }, { externalId: "x", name: 5 }],
    },
  ];
  emulator.inject({
    path: "/calendars",
    effect: { status: 200, body: { status: "success", data: { connectedCalendars } } },
  });
  const list = await user.calendars.list();
  expect(list.connectedCalendars.map(({ credentialId }) => credentialId)).toEqual([1, 3]);
  expect(list.connectedCalendars[0]?.error).toEqual({ message: "a text" });
  expect(list.connectedCalendars[1]?.calendars.map(({ externalId }) => externalId)).toEqual(["x"]);
});

test("keeps the address of an ICS feed out of errors", async () => {
  const emulator = createCalEmulator();
  const user = await clientOf(emulator, memoryTokenStore()).ensureUser("ada", ada);
  const externalId = "https://calendar.example/private-SECRET123/basic.ics";
  const error = await user.calendars
    .setDestination({ integration: "google_calendar", externalId })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "not_found" });
  expect(JSON.stringify(error)).not.toContain("SECRET123");
});
