import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalValidationError, type CalUser } from "../../../src/index.js";
import {
  createAda,
  createTestClient,
  rejection,
  turnUntil,
  useFakeTimers,
  type TestClient,
} from "../../support/client.js";

const refresh = /\/refresh$|\/force-refresh$/;
const apple = { username: "dave@icloud.example", password: "good-app-pass" };
const feed = { urls: ["https://feeds.example/a.ics"] };

let client: TestClient;
let ada: CalUser;
let adaId: number;

beforeEach(async () => {
  useFakeTimers();
  client = createTestClient();
  ({ ada, adaId } = await createAda(client));
});
afterEach(() => void vi.useRealTimers());

const connect = (provider: "google" | "office365", account: string) =>
  client.emulator.calendars.connect(adaId, provider, account);
const credentials = () => client.emulator.calendars.credentials(adaId);
const answer = (path: string | RegExp, data: unknown) =>
  client.emulator.inject({ path, effect: { status: 200, body: { status: "success", data } } });

describe("the list", () => {
  test("of a user without calendars is empty, without a destination", async () => {
    expect(await ada.calendars.list()).toEqual({ connectedCalendars: [], destinationCalendar: null });
  });

  test("has each account, its calendars and its main one", async () => {
    const id = connect("google", "alice");
    const { connectedCalendars, destinationCalendar } = await ada.calendars.list();
    expect(connectedCalendars).toHaveLength(1);
    const [account] = connectedCalendars;
    expect(account).toMatchObject({
      integration: { type: "google_calendar" },
      credentialId: id,
      delegationCredentialId: null,
      primary: { externalId: "alice@gmail.example", primary: true },
      error: null,
    });
    expect(account!.calendars.map(({ primary }) => primary)).toEqual([true, null]);
    expect(destinationCalendar).toMatchObject({ externalId: "alice@gmail.example", credentialId: id });
  });

  test("shows a broken account beside one that works", async () => {
    const broken = connect("google", "alice");
    connect("office365", "bob");
    client.emulator.provider.revoke({ userId: adaId, credentialId: broken });
    const { connectedCalendars } = await ada.calendars.list();
    expect(connectedCalendars[0]).toMatchObject({ credentialId: broken, primary: null, calendars: [] });
    expect(connectedCalendars[0]!.error).toEqual({ message: "Access token expired or revoked" });
    expect(connectedCalendars[1]).toMatchObject({ error: null, integration: { type: "office365_calendar" } });
  });

  test("has an integration that calbridge does not know, with all its fields", async () => {
    const account = {
      integration: { type: "proton_calendar", title: "Proton", shape: { round: true } },
      credentialId: 9,
      primary: {},
      calendars: [{ externalId: "p", colour: "red" }],
      since: 2027,
    };
    answer("/calendars", { connectedCalendars: [account], destinationCalendar: {}, page: 1 });
    expect(await ada.calendars.list()).toMatchObject({
      connectedCalendars: [{ ...account, primary: null, delegationCredentialId: null, error: null }],
      destinationCalendar: null,
      page: 1,
    });
  });
});

describe("check", () => {
  const noRefresh = () => expect(client.emulator.count({ path: refresh })).toBe(0);

  test.each(["google", "office365", "apple"] as const)("%s that was never connected", async (provider) => {
    const status = await ada.calendars.check(provider);
    expect(status).toMatchObject({ connected: false, reason: "not_connected" });
    noRefresh();
  });

  test.each([
    ["google", "alice"],
    ["office365", "bob"],
  ] as const)("%s: works, marked invalid, revoked; and nothing is refreshed", async (provider, account) => {
    connect(provider, account);
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });
    client.emulator.provider.revoke({ userId: adaId, provider });
    const revoked = await ada.calendars.check(provider);
    // Cal.com reports Microsoft's revocations in the words of an outage.
    const reason = provider === "google" ? "revoked" : "unavailable";
    expect(revoked).toMatchObject({ connected: false, reason });
    client.emulator.provider.restore({ userId: adaId, provider });
    client.emulator.calendars.invalidate({ userId: adaId, provider });
    const invalid = await ada.calendars.check(provider);
    expect(invalid).toMatchObject({ connected: false, reason: "invalid_credentials" });
    for (const status of [revoked, invalid]) if (!status.connected) expect(status.message).toMatch(/\.$/);
    noRefresh();
  });

  test("a client without the permission gets an error that names it", async () => {
    client.emulator.inject({
      path: "/calendars/google/check",
      effect: {
        status: 403,
        body: {
          status: "error",
          error: {
            code: "ForbiddenException",
            message: "PermissionsGuard - ... required permissions=APPS_READ",
          },
        },
      },
    });
    const status = await ada.calendars.check("google");
    expect(status).toMatchObject({ connected: false, reason: "not_permitted" });
    expect(!status.connected && status.message).toContain("APPS_READ");
  });

  test("a provider that fails is the provider's error", async () => {
    const message = "Something odd happened at the provider";
    for (const status of [400, 500]) {
      const body = { status: "error", error: { code: "E", message } };
      client.emulator.inject({ path: "/calendars/google/check", effect: { status, body } });
      expect(await ada.calendars.check("google")).toMatchObject({
        connected: false,
        reason: "provider_error",
      });
    }
  });

  test("an error that says nothing of the calendar is thrown", async () => {
    for (const effect of [
      { status: 503 },
      { reset: true } as const,
      { status: 429 },
      { html: true } as const,
    ]) {
      client.emulator.inject({ path: "/calendars/google/check", effect, times: 3 });
      expect(await turnUntil(rejection(ada.calendars.check("google")))).toHaveProperty("code");
      client = createTestClient();
      ({ ada, adaId } = await createAda(client));
    }
  });

  test("an access token that is refused is refreshed, and says nothing of the calendar", async () => {
    connect("google", "alice");
    client.emulator.users.expireAccessTokens(adaId);
    expect(await ada.calendars.check("google")).toEqual({ connected: true });
    expect(client.emulator.count({ path: refresh })).toBe(1);
  });

  test("Apple right after it was connected: connected, and not listed yet", async () => {
    await ada.calendars.list();
    // Cal.com keeps its list for 10 seconds; its check says 401 "Apple calendar not connected."
    const unlisted = { connected: true, listed: false };
    expect(await ada.calendars.connectApple(apple)).toEqual(unlisted);
    expect(await ada.calendars.check("apple")).toEqual(unlisted);
    expect(await ada.calendars.sync("apple")).toMatchObject({ status: unlisted, connectedCalendars: [] });
    client.emulator.clock.advance(10_001);
    expect(await ada.calendars.check("apple")).toEqual({ connected: true });
  });

  test("a connection that is there, and can't be read because of an outage, is not called revoked", async () => {
    for (const [provider, account] of [
      ["google", "alice"],
      ["office365", "bob"],
    ] as const) {
      connect(provider, account);
      client.emulator.provider.break(provider);
      expect(await ada.calendars.check(provider)).toMatchObject({ reason: "unavailable" });
    }
    noRefresh();
  });
});

describe("disconnect", () => {
  test("of a provider ends each of its connections, and no other", async () => {
    const ids = [connect("google", "alice"), connect("google", "carol")];
    const office = connect("office365", "bob");
    const { disconnected } = await ada.calendars.disconnect("google");
    expect(disconnected.map(({ credentialId }) => credentialId)).toEqual(ids);
    expect(disconnected.every(({ type }) => type === "google_calendar")).toBe(true);
    expect(credentials().map(({ id }) => id)).toEqual([office]);
  });

  test("of one credential ends that one", async () => {
    const [first, second] = [connect("google", "alice"), connect("google", "carol")];
    const { disconnected } = await ada.calendars.disconnect("google", { credentialId: first });
    expect(disconnected).toEqual([{ credentialId: first, type: "google_calendar" }]);
    expect(credentials().map(({ id }) => id)).toEqual([second]);
  });

  test("of another provider's credential is refused, and nothing ends", async () => {
    const office = connect("office365", "bob");
    const error = await rejection(ada.calendars.disconnect("google", { credentialId: office }));
    expect(error).toBeInstanceOf(CalValidationError);
    expect(credentials()).toHaveLength(1);
  });

  test("without a connection, twice, and of another user's connection: ends nothing", async () => {
    const bob = await client.cal.ensureUser("bob", { email: "bob@example.com", name: "Bob" });
    const bobId = (await client.store.get("bob"))!.calUserId;
    const theirs = client.emulator.calendars.connect(bobId, "google", "carol");
    expect(await ada.calendars.disconnect("google")).toEqual({ disconnected: [] });
    expect(await ada.calendars.disconnect("google", { credentialId: theirs })).toEqual({ disconnected: [] });
    expect(await bob.calendars.check("google")).toEqual({ connected: true });
  });

  test("of a revoked account works", async () => {
    connect("google", "alice");
    client.emulator.provider.revoke({ userId: adaId, provider: "google" });
    expect((await ada.calendars.disconnect("google")).disconnected).toHaveLength(1);
    expect(await ada.calendars.check("google")).toMatchObject({ reason: "not_connected" });
  });

  test("of ICS feeds ends them all", async () => {
    await ada.calendars.saveIcsFeed(feed);
    await ada.calendars.saveIcsFeed(feed);
    expect((await ada.calendars.disconnect("ics-feed")).disconnected).toHaveLength(2);
    expect(await ada.calendars.checkIcsFeed()).toMatchObject({ connected: false, reason: "not_connected" });
  });
});

describe("Apple", () => {
  test("with the right password is connected", async () => {
    expect(await ada.calendars.connectApple(apple)).toMatchObject({ connected: true });
    // Cal.com has cached that the new user has no calendars.
    client.emulator.clock.advance(10_000);
    expect(await ada.calendars.check("apple")).toEqual({ connected: true });
    await ada.calendars.connectApple(apple);
    expect(credentials()).toHaveLength(1);
  });

  test("with a wrong password is refused, and the password is not repeated", async () => {
    const error = await rejection(ada.calendars.connectApple({ ...apple, password: "wrong-app-pass" }));
    expect(error).toMatchObject({ code: "bad_request", status: 400 });
    expect((error as Error).message).not.toContain("wrong-app-pass");
    expect(credentials()).toEqual([]);
  });

  test.each(["revoked", "outage"])(
    "again while it can't be read (%s): nothing is removed, and the user is told",
    async (why) => {
      await ada.calendars.connectApple(apple);
      if (why === "revoked") client.emulator.provider.revoke({ userId: adaId, provider: "apple" });
      else client.emulator.provider.break("apple");
      const [old] = credentials();
      // Cal.com accepts the user name without trying the new password.
      const status = await ada.calendars.connectApple({ ...apple, password: "another-password" });
      expect(status).toMatchObject({ connected: false, reason: "unavailable", credentialId: old!.id });
      expect(!status.connected && status.message).toContain("disconnect it, then connect it again");
      expect(credentials().map(({ id }) => id)).toEqual([old!.id]);

      client.emulator.provider.repair("apple");
      await ada.calendars.disconnect("apple");
      await ada.calendars.connectApple(apple);
      client.emulator.clock.advance(10_001);
      expect(await ada.calendars.check("apple")).toEqual({ connected: true });
    },
  );

  test("a second account, while Cal.com's list shows the first alone: connected, and not listed yet", async () => {
    const entry = (email: string) => ({
      integration: { type: "apple_calendar" },
      credentialId: 5,
      primary: { externalId: "https://caldav.icloud.example/home", email },
      calendars: [],
    });
    const list = (email: string) =>
      answer("/calendars", { connectedCalendars: [entry(email)], destinationCalendar: {} });
    list("erin@icloud.example");
    expect(await ada.calendars.connectApple(apple)).toEqual({ connected: true, listed: false });
    list("Dave@icloud.example");
    expect(await ada.calendars.connectApple(apple)).toEqual({ connected: true });
  });

  test("is connected though the list can't be read just then", async () => {
    client.emulator.inject({ path: "/calendars", effect: { status: 503 }, times: 3 });
    expect(await turnUntil(ada.calendars.connectApple(apple))).toEqual({ connected: true, listed: false });
  });
});

describe("ICS feeds", () => {
  test("are saved, read-only by default, and checked", async () => {
    expect(await ada.calendars.checkIcsFeed()).toMatchObject({ connected: false, reason: "not_connected" });
    const saved = await ada.calendars.saveIcsFeed(feed);
    expect(saved).toEqual({ credentialId: credentials()[0]!.id, type: "ics-feed_calendar" });
    expect(await ada.calendars.checkIcsFeed()).toEqual({ connected: true });
    await ada.calendars.saveIcsFeed({ ...feed, readOnly: false });
    expect(credentials()).toHaveLength(2);
  });

  test("that are none are refused, and their addresses not repeated", async () => {
    const error = await rejection(
      ada.calendars.saveIcsFeed({ urls: ["https://feeds.example/sup3rs3cret.txt"] }),
    );
    expect(error).toMatchObject({ code: "bad_request" });
    expect((error as Error).message).not.toContain("sup3rs3cret");
  });
});

describe("busy times", () => {
  const range = { from: "2027-01-04T00:00:00Z", to: "2027-01-05T00:00:00Z" };

  test("are dates, of the calendars that were named", async () => {
    const credentialId = connect("google", "alice");
    const [start, end] = ["2027-01-04T10:00:00.000Z", "2027-01-04T11:00:00.000Z"];
    client.emulator.provider.addEvent("google", "alice", { title: "Dentist", start, end });
    const busy = await ada.calendars.busyTimes({
      ...range,
      calendars: [{ credentialId, externalId: "alice@gmail.example" }],
    });
    expect(busy).toEqual([{ start: new Date(start), end: new Date(end), source: "google-calendar" }]);
  });

  test.each([
    ["2027-01-04T10:00:00", "2027-01-04T10:00:00Z"],
    ["2027-01-04T10:00", "2027-01-04T10:00:00Z"],
    ["2027-01-04T10:00:00.500", "2027-01-04T10:00:00.500Z"],
    ["2027-01-04 10:00:00", "2027-01-04T10:00:00Z"],
    ["2027-01-04", "2027-01-04T00:00:00Z"],
    ["2027-01-04T10:00:00Z", "2027-01-04T10:00:00Z"],
    ["2027-01-04T10:00:00+02:00", "2027-01-04T08:00:00Z"],
    ["2027-01-04T10:00:00-0530", "2027-01-04T15:30:00Z"],
    ["Mon, 04 Jan 2027 10:00:00 GMT", "2027-01-04T10:00:00Z"],
  ])("%s is read the same in every time zone of a server", async (sent, instant) => {
    connect("google", "alice");
    const ownZone = process.env["TZ"];
    try {
      for (const zone of ["UTC", "America/New_York", "Asia/Kolkata"]) {
        process.env["TZ"] = zone;
        answer(/busy-times/, [{ start: sent, end: sent }]);
        const [busy] = await ada.calendars.busyTimes({
          ...range,
          calendars: [{ credentialId: 1, externalId: "alice@gmail.example" }],
        });
        expect(busy!.start, zone).toEqual(new Date(instant));
        expect(busy!.end, zone).toEqual(new Date(instant));
      }
    } finally {
      if (ownZone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = ownZone;
    }
  });

  test("of a credential that is not the user's: unauthorized, and nothing is refreshed", async () => {
    const query = { ...range, calendars: [{ credentialId: 999, externalId: "e" }] };
    expect(await rejection(ada.calendars.busyTimes(query))).toMatchObject({
      code: "unauthorized",
      status: 401,
    });
    expect(client.emulator.count({ path: refresh })).toBe(0);
  });

  test("of a provider that does not respond: the server's error", async () => {
    const credentialId = connect("google", "alice");
    client.emulator.provider.break("google");
    const query = { ...range, calendars: [{ credentialId, externalId: "alice@gmail.example" }] };
    expect(await rejection(ada.calendars.busyTimes(query))).toMatchObject({
      code: "server_error",
      status: 500,
    });
  });
});

describe("which calendars count", () => {
  const team = { integration: "google_calendar", externalId: "team_cal@group.calendar.google.com" };

  test("the destination is set, and shows in the list", async () => {
    const credentialId = connect("google", "alice");
    await ada.calendars.list();
    expect(await ada.calendars.setDestination(team)).toMatchObject({ ...team, credentialId });
    expect((await ada.calendars.list()).destinationCalendar).toMatchObject(team);
  });

  test("a destination that is not there, or can't be written to", async () => {
    connect("office365", "bob");
    await ada.calendars.list();
    const readOnly = { integration: "office365_calendar", externalId: "AQMkAD-bob-birthdays" };
    for (const calendar of [team, readOnly])
      expect(await rejection(ada.calendars.setDestination(calendar))).toMatchObject({ code: "not_found" });
  });

  test("a calendar is selected, again without harm, and unselected once", async () => {
    const credentialId = connect("google", "alice");
    const calendar = { ...team, credentialId };
    await ada.calendars.select(calendar);
    await expect(ada.calendars.select(calendar)).resolves.toBeUndefined();
    expect(client.emulator.calendars.selected(adaId)).toContainEqual(calendar);
    expect(await ada.calendars.unselect(calendar)).toBe(true);
    expect(await ada.calendars.unselect(calendar)).toBe(false);
    expect(client.emulator.calendars.selected(adaId)).not.toContainEqual(calendar);
  });
});
