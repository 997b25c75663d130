import { beforeEach, describe, expect, test } from "vitest";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

describe("the emulator's calendars", () => {
  let emulator: CalEmulator;
  let api: ReturnType<typeof callerOf>;
  let ada: Awaited<ReturnType<CalEmulator["users"]["create"]>>;

  beforeEach(async () => {
    emulator = createCalEmulator({ now: () => Date.parse("2026-11-23T10:00:00.000Z") });
    api = callerOf(emulator);
    ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
  });

  const asAda = (method: string, path: string, body?: unknown) =>
    api.user(ada.accessToken, method, path, body);
  const check = async (provider: string): Promise<[number, string?]> => {
    const { status, body } = await asAda("GET", `/calendars/${provider}/check`);
    return status === 200 ? [200] : [status, body.error.message];
  };
  const listed = async (): Promise<unknown[]> =>
    (await asAda("GET", "/calendars")).body.data.connectedCalendars as unknown[];

  const save = async (
    code: string,
    more: Record<string, unknown> = {},
    provider = "google",
  ): Promise<number> => {
    const state = JSON.stringify({
      accessToken: ada.accessToken,
      origin: "o",
      redir: "https://app.example",
      ...more,
    });
    return (await api.anonymous(`/calendars/${provider}/save?${new URLSearchParams({ state, code })}`))
      .status;
  };

  test("callbacks at the same time create duplicate credentials", async () => {
    await Promise.all([save("good:alice"), save("good:alice"), save("good:alice")]);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(3);
    expect(emulator.calendars.selected(ada.id)).toHaveLength(1);
    await save("good:alice");
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(3);
  });

  test("connecting again creates a duplicate credential if the primary calendar is not selected", async () => {
    await save("good:alice");
    const [{ externalId, credentialId } = { externalId: "", credentialId: 0 }] = emulator.calendars.selected(
      ada.id,
    );
    const query = new URLSearchParams({
      integration: "google_calendar",
      externalId,
      credentialId: String(credentialId),
    });
    expect((await asAda("DELETE", `/selected-calendars?${query}`)).body.data).toMatchObject({ externalId });
    await save("good:alice");
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(2);
  });

  test("a dry run saves nothing, for every truthy isDryRun in the state", async () => {
    for (const isDryRun of [true, "false", 1]) expect(await save("good:alice", { isDryRun })).toBe(301);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
    await save("good:alice", { isDryRun: false });
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
  });

  test("save accepts an expired access token in the state, and rejects a force-refreshed one", async () => {
    emulator.users.expireAccessTokens(ada.id);
    expect(await save("good:alice")).toBe(301);
    expect(emulator.calendars.credentials(ada.id)).toMatchObject([{ account: "alice@gmail.example" }]);
    await emulator.users.forceRefresh(ada.id);
    expect(await save("good:carol")).toBe(401);
  });

  test("connecting a revoked account again changes nothing until it is disconnected", async () => {
    await save("good:alice");
    emulator.provider.revoke({ userId: ada.id, provider: "google" });
    expect(await check("google")).toEqual([401, "Access token expired or revoked"]);
    expect(await listed()).toEqual([
      expect.objectContaining({ error: { message: "Access token expired or revoked" } }),
    ]);
    expect(await listed()).not.toEqual([expect.objectContaining({ primary: expect.anything() })]);

    await save("good:alice");
    expect((await check("google"))[0]).toBe(401);

    const [credential] = emulator.calendars.credentials(ada.id);
    await asAda("POST", "/calendars/google/disconnect", { id: credential?.id });
    await save("good:alice");
    expect(await check("google")).toEqual([200]);
  });

  test("connecting an account again repairs a credential that is marked invalid", async () => {
    await save("good:bob", {}, "office365");
    emulator.calendars.invalidate({ userId: ada.id });
    expect(await check("office365")).toEqual([400, "Invalid office 365 calendar credentials."]);
    await save("good:bob", {}, "office365");
    expect(await check("office365")).toEqual([200]);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
  });

  test("the list of calendars is cached for 10 s", async () => {
    emulator.calendars.connect(ada.id, "google", "alice");
    expect(await listed()).toHaveLength(1);
    emulator.calendars.remove({ userId: ada.id });
    emulator.clock.advance(9999);
    expect(await listed()).toHaveLength(1);
    emulator.clock.advance(1);
    expect(await listed()).toEqual([]);
  });

  test("Google: check distinguishes an outage from a revocation", async () => {
    emulator.calendars.connect(ada.id, "google", "alice");
    emulator.provider.break("google");
    expect(await check("google")).toEqual([401, "Could not get connected calendars"]);
    emulator.provider.repair("google");
    expect(await check("google")).toEqual([200]);
    emulator.provider.revoke({ userId: ada.id, account: "alice" });
    expect(await check("google")).toEqual([401, "Access token expired or revoked"]);
    emulator.provider.restore({ userId: ada.id, account: "alice" });
    expect(await check("google")).toEqual([200]);
  });

  test("Office 365: check does not tell an outage from a revocation, but an outage affects every account", async () => {
    emulator.calendars.connect(ada.id, "office365", "bob");
    const erin = emulator.calendars.connect(ada.id, "office365", "erin");
    const broken = async (): Promise<boolean[]> =>
      ((await listed()) as { error?: unknown }[]).map(({ error }) => error !== undefined);
    emulator.provider.revoke({ userId: ada.id, account: "bob@outlook.example" });
    expect(await check("office365")).toEqual([401, "Could not get connected calendars"]);
    expect(await broken()).toEqual([true, false]);
    emulator.provider.restore({ userId: ada.id, provider: "office365" });
    emulator.provider.break("office365");
    expect(await check("office365")).toEqual([401, "Could not get connected calendars"]);
    expect(await broken()).toEqual([true, true]);
    emulator.provider.repair("office365");
    expect(await broken()).toEqual([false, false]);
    expect(() => emulator.provider.revoke({ userId: ada.id, credentialId: erin, account: "bob" })).toThrow(
      "no such credential",
    );
  });

  test("busy times and events fail during an outage as after a revocation", async () => {
    const id = emulator.calendars.connect(ada.id, "google", "alice");
    const query = `timeZone=UTC&dateFrom=2027-01-04&dateTo=2027-01-05&calendarsToLoad[0][credentialId]=${id}&calendarsToLoad[0][externalId]=alice@gmail.example`;
    const busy = async () => (await asAda("GET", `/calendars/busy-times?${query}`)).status;
    expect(await busy()).toBe(200);
    emulator.provider.break("google");
    expect(await busy()).toBe(500);
    emulator.provider.repair("google");
    emulator.provider.revoke({ userId: ada.id });
    expect(await busy()).toBe(500);
  });

  test("calendars.revalidate reverses invalidate", async () => {
    emulator.calendars.connect(ada.id, "google", "alice");
    emulator.calendars.invalidate({ userId: ada.id });
    expect(await check("google")).toEqual([400, "Invalid google OAuth credentials."]);
    emulator.calendars.revalidate({ userId: ada.id, account: "alice" });
    expect(await check("google")).toEqual([200]);
  });

  test("provider.issueCode: a code for save, with or without the scope of calendars", async () => {
    const { issueCode } = emulator.provider;
    expect(await save(issueCode("google", { withoutCalendarScope: true }))).toBe(500);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
    const code = issueCode("google", { account: "carol" });
    expect(await save(code)).toBe(301);
    expect(emulator.calendars.credentials(ada.id)).toMatchObject([{ account: "carol@gmail.example" }]);
    expect(await save(code)).toBe(500);
  });

  test.each(["google", "office365"])(
    "save at %s is 500 for an access token that is not text",
    async (provider) => {
      for (const accessToken of [null, 5, true, {}, ["x"]]) {
        expect(await save("good:alice", { accessToken }, provider)).toBe(500);
      }
      expect(await save("good:alice", { accessToken: undefined }, provider)).toBe(301);
      expect(await save("good:alice", { accessToken: "garbage" }, provider)).toBe(401);
    },
  );

  test("an account with delegated access is in the list with credential -1", async () => {
    const own = emulator.calendars.connect(ada.id, "google", "alice");
    const delegationCredentialId = emulator.calendars.delegate(ada.id, "google", "alice");
    const entry = { credentialId: -1, delegationCredentialId };
    expect(await listed()).toMatchObject([
      { ...entry, primary: entry, calendars: [entry, entry] },
      { credentialId: own, delegationCredentialId: null },
    ]);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
    expect((await asAda("POST", "/calendars/google/disconnect", { id: -1 })).status).toBe(404);

    const event = { title: "Dentist", start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
    emulator.provider.addEvent("google", "alice", event);
    const query =
      "timeZone=UTC&dateFrom=2027-01-04&dateTo=2027-01-05&calendarsToLoad[0][credentialId]=-1&calendarsToLoad[0][externalId]=alice@gmail.example";
    expect((await asAda("GET", `/calendars/busy-times?${query}`)).body.data).toHaveLength(1);
    emulator.provider.break("google");
    expect(await listed()).toMatchObject([
      { ...entry, error: {} },
      { credentialId: own, error: {} },
    ]);
  });

  test("a destination with an unknown delegationCredentialId is 404", async () => {
    const delegationCredentialId = emulator.calendars.delegate(ada.id, "google", "alice");
    const calendar = { integration: "google_calendar", externalId: "alice@gmail.example" };
    await listed();
    const put = async (body: Record<string, unknown>) =>
      (await asAda("PUT", "/destination-calendars", { ...calendar, ...body })).status;
    expect(await put({ delegationCredentialId: "nope" })).toBe(404);
    expect(await put({ delegationCredentialId })).toBe(200);
    expect(await put({})).toBe(200);
    const { destinationCalendar } = (await asAda("GET", "/calendars")).body.data;
    expect(destinationCalendar).toMatchObject({ delegationCredentialId, externalId: calendar.externalId });
  });

  const saveApple = (password: unknown, username: unknown = "dave@icloud.example") =>
    asAda("POST", "/calendars/apple/credentials", { username, password });

  test("Apple is connected by password, and a new user's list shows it 10 s later", async () => {
    const wrong = await saveApple("wrong-one");
    expect([wrong.status, JSON.stringify(wrong.body).includes("wrong-one")]).toEqual([400, false]);
    const right = await saveApple("good-app-pass");
    expect([right.status, right.body]).toEqual([201, { status: "success" }]);
    // Creating the user has cached an empty list, and saving doesn't discard it.
    expect(await listed()).toEqual([]);
    expect(await check("apple")).toEqual([401, "Apple calendar not connected."]);
    emulator.clock.advance(10_000);
    expect(await check("apple")).toEqual([200]);
  });

  test("a list of Apple's calendars has addresses, and isOAuth", async () => {
    emulator.calendars.connect(ada.id, "apple", "dave");
    const email = "dave@icloud.example";
    expect(await listed()).toEqual([
      expect.objectContaining({
        integration: expect.objectContaining({ isOAuth: false }),
        primary: expect.objectContaining({ email }),
        calendars: [expect.objectContaining({ email }), expect.objectContaining({ email })],
      }),
    ]);
  });

  test("another password for a known Apple user is saved without a check, and breaks the connection", async () => {
    emulator.calendars.connect(ada.id, "apple", "dave");
    expect((await saveApple("not-checked")).status).toBe(201);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
    expect(await check("apple")).toEqual([401, "Could not get connected calendars"]);
    expect(await listed()).toMatchObject([{ error: { message: "Could not get connected calendars" } }]);
    await saveApple("good-app-pass");
    emulator.clock.advance(10_000);
    expect(await check("apple")).toEqual([200]);
  });

  test("an Apple password that is a number is 500", async () => {
    expect((await saveApple(12_345_678)).status).toBe(500);
  });

  test("a validation error repeats the body, passwords included", async () => {
    const { body } = await asAda("POST", "/calendars/apple/credentials", {
      username: 1,
      password: "a-password",
    });
    expect(JSON.stringify(body)).toContain("a-password");
  });

  const saveFeed = async (...urls: string[]): Promise<number> =>
    (await asAda("POST", "/calendars/ics-feed/save", { urls, readOnly: true })).status;

  test("saving a feed again creates a second credential", async () => {
    expect(await saveFeed("https://ics.example/a.ics")).toBe(201);
    expect(await saveFeed("https://ics.example/a.ics")).toBe(201);
    expect(await listed()).toHaveLength(2);
    expect(await check("ics-feed")).toEqual([200]);
  });

  test("a feed that can't be read is 400, also beside one that can", async () => {
    const [good, bad] = ["https://ics.example/good.ics", "https://ics.example/missing.ics"];
    emulator.provider.breakFeed(bad);
    expect(await saveFeed(bad)).toBe(400);
    expect(await saveFeed(good, bad)).toBe(400);
    expect(await saveFeed("https://calendar.invalid/a.ics")).toBe(400);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
    emulator.provider.repairFeed(bad);
    expect(await saveFeed(good, bad)).toBe(201);
    emulator.provider.breakFeed(bad);
    expect(await check("ics-feed")).toEqual([401, "Could not get connected calendars"]);
    emulator.provider.repairFeed(bad);
    expect(await check("ics-feed")).toEqual([200]);
    emulator.provider.break("ics-feed");
    expect(await saveFeed(good)).toBe(400);
  });

  test("a feed's integration has Cal.com's keys", async () => {
    await saveFeed("https://ics.example/a.ics");
    const [{ integration }] = (await listed()) as [{ integration: Record<string, unknown> }];
    expect(integration).toMatchObject({ type: "ics-feed_calendar", isTemplate: false });
    for (const key of ["category", "installed", "url"]) expect(integration).not.toHaveProperty(key);
  });

  test("events in a Google calendar appear in busy times", async () => {
    const id = emulator.calendars.connect(ada.id, "google", "alice");
    const start = { time: "2027-01-04T10:00:00Z", timeZone: "Europe/Berlin" };
    const end = { time: "2027-01-04T11:00:00Z", timeZone: "Europe/Berlin" };
    const events = `/calendars/connections/${id}/events`;
    const made = await asAda("POST", events, {
      title: "Dentist",
      start,
      end,
      attendees: [{ email: "a@b.example" }],
    });
    expect([made.status, made.body.data]).toMatchObject([
      201,
      { title: "Dentist", start, end, source: "google" },
    ]);
    const event = `${events}/${String(made.body.data.id)}`;
    expect((await asAda("GET", event)).body.data.title).toBe("Dentist");
    const later = { time: "2027-01-04T12:00:00Z", timeZone: "UTC" };
    expect((await asAda("PATCH", event, { end: later })).body.data.end).toEqual(later);

    const range = "from=2027-01-04&to=2027-01-05";
    const slots = [
      { start: "2027-01-04T10:00:00.000Z", end: "2027-01-04T12:00:00.000Z", source: "google-calendar" },
    ];
    expect((await asAda("GET", `/calendars/connections/${id}/freebusy?${range}`)).body.data).toEqual(slots);
    expect((await asAda("GET", `/calendars/google/freebusy?${range}`)).body.data).toEqual(slots);
    expect((await asAda("GET", `/calendars/google/events?${range}`)).body.data).toHaveLength(1);
    expect((await asAda("GET", `${events}?from=2027-02-01&to=2027-02-02`)).body.data).toEqual([]);

    expect((await asAda("DELETE", event)).status).toBe(204);
    expect((await asAda("GET", event)).status).toBe(404);
    expect(emulator.provider.events("google", "alice")).toEqual([]);
  });

  test("by the provider's name, single events are those of bookings: 404", async () => {
    emulator.calendars.connect(ada.id, "google", "alice");
    const at = (hour: number) => ({ time: `2027-01-04T${hour}:00:00Z`, timeZone: "UTC" });
    const body = { title: "Dentist", start: at(10), end: at(11) };
    const { id } = (await asAda("POST", "/calendars/google/events", body)).body.data;
    for (const path of [`/calendars/google/events/${id}`, `/calendars/google/event/${id}`]) {
      for (const method of ["GET", "PATCH"]) {
        const response = await asAda(method, path, method === "PATCH" ? { title: "Later" } : undefined);
        expect([response.status, response.body.error.message]).toEqual([404, "Booking reference not found"]);
      }
    }
    expect((await asAda("DELETE", `/calendars/google/events/${id}`)).status).toBe(204);
  });

  test("by the provider's name, free/busy is Google's only; by connection it is everyone's", async () => {
    const id = emulator.calendars.connect(ada.id, "office365", "bob");
    const event = { title: "Dentist", start: "2027-01-04T10:00:00Z", end: "2027-01-04T11:00:00Z" };
    emulator.provider.addEvent("office365", "bob", event);
    const range = "from=2027-01-04&to=2027-01-05";
    for (const provider of ["office365", "apple"]) {
      const response = await asAda("GET", `/calendars/${provider}/freebusy?${range}`);
      expect([response.status, response.body.error.message]).toEqual([
        400,
        "Free/busy is currently only available for Google Calendar. Office 365 and Apple support is coming soon.",
      ]);
    }
    expect((await asAda("GET", `/calendars/connections/${id}/freebusy?${range}`)).body.data).toHaveLength(1);
    expect((await asAda("GET", `/calendars/google/freebusy?${range}`)).body.data).toEqual([]);
  });

  test("a read-only calendar can't be the destination", async () => {
    emulator.calendars.connect(ada.id, "office365", "bob");
    await listed();
    const put = (externalId: string) =>
      asAda("PUT", "/destination-calendars", { integration: "office365_calendar", externalId });
    expect((await put("AQMkAD-bob-primary")).status).toBe(200);
    expect((await put("AQMkAD-bob-birthdays")).status).toBe(404);
  });

  test("controls throw if nothing matches", () => {
    expect(() => emulator.provider.revoke({ userId: ada.id, provider: "google" })).toThrow(
      "no such credential",
    );
    expect(() => emulator.provider.addEvent("google", "eve", { title: "", start: "", end: "" })).toThrow(
      "alice@gmail.example",
    );
  });
});
