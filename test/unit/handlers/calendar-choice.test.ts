import { beforeEach, describe, expect, test } from "vitest";
import type { Connection, ConnectionCalendar } from "../../../src/handlers/index.js";
import { createApp, createBrowser, type App, type Browser } from "../../support/handlers-app.js";

const team = "team_cal@group.calendar.google.com";

let app: App;
let ada: Browser;
let userId: number;

beforeEach(async () => {
  app = createApp();
  ada = createBrowser(app.handlers.handle).signIn("ada");
  await ada.fetch("/refresh");
  userId = await app.managedUserId("ada");
});

const connect = (provider: "google" | "office365" | "apple", account: string) =>
  app.emulator.calendars.connect(userId, provider, account);

async function connections(response: Promise<Response>): Promise<Connection[]> {
  const body = (await (await response).json()) as { data?: { calendars: Connection[] } };
  return body.data?.calendars ?? expect.fail(JSON.stringify(body));
}

const listed = () => connections(ada.fetch("/calendars/status"));
const errorOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, code: error.code };
};
const google = (credentialId: number, externalId: string) => ({
  credentialId,
  integration: "google_calendar",
  externalId,
});
const named = (list: Connection[], is: (calendar: ConnectionCalendar) => boolean) =>
  list.flatMap(({ credentialId, calendars }) =>
    calendars.filter(is).map((calendar) => [credentialId, calendar.externalId]),
  );
const selected = (list: Connection[]) => named(list, ({ isSelected }) => isSelected);
const destination = (list: Connection[]) => named(list, ({ isDestination }) => isDestination);

describe("the status", () => {
  test("says of each calendar whose it is, and of one that bookings go there", async () => {
    const alice = connect("google", "alice");
    const bob = connect("office365", "bob");
    const list = await listed();
    for (const { credentialId, calendars } of list) {
      expect(calendars.map((calendar) => calendar.credentialId)).toEqual(calendars.map(() => credentialId));
    }
    expect(destination(list)).toEqual([[alice, "alice@gmail.example"]]);
    expect(list.map(({ credentialId }) => credentialId)).toEqual([alice, bob]);
  });

  test("after a sync is the same", async () => {
    connect("google", "alice");
    const synced = await connections(ada.post("/calendars/sync-credentials", { calendarType: "google" }));
    expect(synced).toEqual(await listed());
  });
});

describe("which calendars are checked for conflicts", () => {
  test("is changed one by one, and the new list is returned", async () => {
    const id = connect("google", "alice");
    const choice = google(id, team);
    const added = await connections(ada.post("/calendars/select", { ...choice, isSelected: true }));
    expect(selected(added)).toEqual([
      [id, "alice@gmail.example"],
      [id, team],
    ]);
    expect(await listed()).toEqual(added);
    // Again changes nothing.
    expect(await connections(ada.post("/calendars/select", { ...choice, isSelected: true }))).toEqual(added);
    const removed = await connections(ada.post("/calendars/select", { ...choice, isSelected: false }));
    expect(selected(removed)).toEqual([[id, "alice@gmail.example"]]);
    expect(await listed()).toEqual(removed);
    expect(await connections(ada.post("/calendars/select", { ...choice, isSelected: false }))).toEqual(
      removed,
    );
  });

  test("is the same in both accounts that share a calendar", async () => {
    const [alice, carol] = [connect("google", "alice"), connect("google", "carol")];
    const added = await connections(
      ada.post("/calendars/select", { ...google(carol, team), isSelected: true }),
    );
    expect(selected(added)).toContainEqual([alice, team]);
    expect(selected(added)).toContainEqual([carol, team]);
    expect(await listed()).toEqual(added);
  });

  test("takes no other than true and false", async () => {
    const id = connect("google", "alice");
    for (const isSelected of [undefined, null, "true", 1]) {
      const response = await ada.post("/calendars/select", { ...google(id, team), isSelected });
      expect(await errorOf(response)).toEqual({ status: 400, code: "invalid_input" });
    }
  });

  test("of delegated access too", async () => {
    app.emulator.calendars.delegate(userId, "google", "carol");
    const { calendars } = (await listed())[0]!;
    expect(calendars.every(({ credentialId }) => credentialId === -1)).toBe(true);
    app.emulator.inject({
      path: "/selected-calendars",
      effect: { status: 201, body: { status: "success" } },
    });
    const response = await ada.post("/calendars/select", { ...google(-1, team), isSelected: true });
    expect(response.status).toBe(200);
  });
});

describe("where bookings go", () => {
  test("is changed, and the new list is returned", async () => {
    const alice = connect("google", "alice");
    const bob = connect("office365", "bob");
    await listed();
    const [calendar] = (await listed()).find(({ credentialId }) => credentialId === bob)!.calendars;
    const { externalId } = calendar!;
    const choice = { credentialId: bob, integration: "office365_calendar", externalId };
    const changed = await connections(ada.post("/calendars/destination", choice));
    expect(destination(changed)).toEqual([[bob, externalId]]);
    expect(await listed()).toEqual(changed);
    const back = await connections(ada.post("/calendars/destination", google(alice, team)));
    expect(destination(back)).toEqual([[alice, team]]);
  });

  test("of a calendar that two accounts share is where Cal.com has put it", async () => {
    const [alice, carol] = [connect("google", "alice"), connect("google", "carol")];
    await listed();
    const changed = await connections(ada.post("/calendars/destination", google(carol, team)));
    expect(destination(changed)).toEqual([[alice, team]]);
    expect(await listed()).toEqual(changed);
  });

  test("is not a read-only calendar: an error that says what to do, and nothing changes", async () => {
    const holidays = { externalId: "holidays", name: "Holidays", isReadOnly: true };
    const calendars = [{ externalId: "dora@gmail.example", name: "Dora", isPrimary: true }, holidays];
    app.emulator.provider.addAccount("google", { email: "dora@gmail.example", calendars });
    const dora = connect("google", "dora");
    const before = await listed();
    const response = await ada.post("/calendars/destination", google(dora, "holidays"));
    expect(response.status).toBe(409);
    expect(await response.json()).toEqual({
      success: false,
      error: { code: "read_only_calendar", message: expect.stringContaining("Choose another one") as string },
    });
    expect(app.emulator.count({ method: "PUT" })).toBe(0);
    expect(await listed()).toEqual(before);
  });

  test.each([404, 400])("Cal.com refuses it after all (%i): the same error", async (status) => {
    const alice = connect("google", "alice");
    app.emulator.inject({ method: "PUT", path: "/destination-calendars", effect: { status } });
    const response = await ada.post("/calendars/destination", google(alice, team));
    expect(await errorOf(response)).toEqual({ status: 409, code: "read_only_calendar" });
  });
});

describe.each([
  ["/calendars/select", { isSelected: true }],
  ["/calendars/destination", {}],
])("%s refuses", (path, more) => {
  test("a calendar of another user, whose credential it is or is not", async () => {
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    await mallory.fetch("/refresh");
    const theirs = app.emulator.calendars.connect(await app.managedUserId("mallory"), "google", "carol");
    const own = connect("google", "alice");
    for (const choice of [google(theirs, "carol@gmail.example"), google(own, "carol@gmail.example")]) {
      const response = await ada.post(path, { ...choice, ...more });
      expect(await errorOf(response)).toEqual({ status: 404, code: "not_found" });
    }
    expect(app.emulator.count({ path: /selected-calendars|destination-calendars/ })).toBe(0);
  });

  test("a calendar of another of the user's accounts, and a wrong integration", async () => {
    const alice = connect("google", "alice");
    connect("google", "carol");
    const wrong = [
      google(alice, "carol@gmail.example"),
      { ...google(alice, team), integration: "office365_calendar" },
    ];
    for (const choice of wrong) {
      const response = await ada.post(path, { ...choice, ...more });
      expect(await errorOf(response)).toEqual({ status: 404, code: "not_found" });
    }
  });

  test("a calendar that can't be read", async () => {
    const alice = connect("google", "alice");
    app.emulator.provider.revoke({ userId, credentialId: alice });
    const response = await ada.post(path, { ...google(alice, team), ...more });
    expect(await errorOf(response)).toEqual({ status: 409, code: "calendar_unreadable" });
  });

  test("a user who has connected nothing", async () => {
    const grace = createBrowser(app.handlers.handle).signIn("grace");
    expect(await errorOf(await grace.post(path, { ...google(1, team), ...more }))).toMatchObject({
      status: 404,
    });
  });

  test("what is no request of the application's own page", async () => {
    const id = connect("google", "alice");
    const body = { ...google(id, team), ...more };
    const json = { "content-type": "application/json" };
    const send = (init: RequestInit) =>
      ada.fetch(path, { method: "POST", body: JSON.stringify(body), ...init });
    const crossSite = await send({ headers: { ...json, "sec-fetch-site": "cross-site" } });
    expect(await errorOf(crossSite)).toEqual({ status: 403, code: "cross_site" });
    const form = await send({ headers: { "content-type": "text/plain" } });
    expect(await errorOf(form)).toMatchObject({ status: 415 });
    const large = await send({
      headers: json,
      body: JSON.stringify({ ...body, externalId: "x".repeat(20_000) }),
    });
    expect(await errorOf(large)).toMatchObject({ status: 413 });
    const signedOut = await createBrowser(app.handlers.handle).post(path, body);
    expect(await errorOf(signedOut)).toMatchObject({ status: 401 });
    expect((await ada.fetch(path)).status).toBe(405);
    expect(app.emulator.count({ path: /selected-calendars|destination-calendars/ })).toBe(0);
  });

  test.each([
    { credentialId: "1" },
    { credentialId: 0 },
    { credentialId: -2 },
    { credentialId: null },
    { integration: 1 },
    { integration: "" },
    { externalId: null },
    { externalId: ["x"] },
  ])("%o", async (wrong) => {
    const response = await ada.post(path, { ...google(1, team), ...more, ...wrong });
    expect(await errorOf(response)).toEqual({ status: 400, code: "invalid_input" });
  });
});
