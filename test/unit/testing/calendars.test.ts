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
    return (await api.anyone(`/calendars/${provider}/save?${new URLSearchParams({ state, code })}`)).status;
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

  test("check fails during an outage of the provider, and succeeds after it", async () => {
    emulator.calendars.connect(ada.id, "office365", "bob");
    emulator.provider.break("office365");
    expect(await check("office365")).toEqual([401, "Could not get connected calendars"]);
    emulator.provider.repair("office365");
    expect(await check("office365")).toEqual([200]);
  });

  test("Apple is connected by password, and check may take 10 s to see it", async () => {
    expect(await listed()).toEqual([]);
    const username = "dave@icloud.example";
    const wrong = await asAda("POST", "/calendars/apple/credentials", { username, password: "wrong-one" });
    expect([wrong.status, JSON.stringify(wrong.body).includes("wrong-one")]).toEqual([400, false]);
    const right = await asAda("POST", "/calendars/apple/credentials", {
      username,
      password: "good-app-pass",
    });
    expect([right.status, right.body]).toEqual([201, { status: "success" }]);
    expect(await check("apple")).toEqual([401, "Apple calendar not connected."]);
    emulator.clock.advance(10_000);
    expect(await check("apple")).toEqual([200]);
    const again = await asAda("POST", "/calendars/apple/credentials", {
      username,
      password: "not even tried",
    });
    expect(again.status).toBe(201);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
  });

  test("a validation error repeats the body, passwords included", async () => {
    const { body } = await asAda("POST", "/calendars/apple/credentials", {
      username: 1,
      password: "hush-hush",
    });
    expect(JSON.stringify(body)).toContain("hush-hush");
  });

  test("saving a feed again creates a second credential", async () => {
    const feed = { urls: ["https://ics.example/a.ics"], readOnly: true };
    expect((await asAda("POST", "/calendars/ics-feed/save", feed)).status).toBe(201);
    expect((await asAda("POST", "/calendars/ics-feed/save", feed)).status).toBe(201);
    expect(await listed()).toHaveLength(2);
    expect(await check("ics-feed")).toEqual([200]);
    emulator.provider.break("ics-feed");
    expect((await asAda("POST", "/calendars/ics-feed/save", feed)).status).toBe(400);
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
    expect(() => emulator.provider.addEvent("google", "nobody", { title: "", start: "", end: "" })).toThrow(
      "alice@gmail.example",
    );
  });
});
