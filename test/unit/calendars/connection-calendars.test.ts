import { beforeEach, describe, expect, test } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

let client: TestClient;
let ada: CalUser;
let adaId: number;

beforeEach(async () => {
  client = createTestClient();
  ({ ada, adaId } = await createAda(client));
});

const connect = (provider: "google" | "office365", account: string) =>
  client.emulator.calendars.connect(adaId, provider, account);

describe("one connection's events", () => {
  const range = { from: "2027-01-04", to: "2027-01-05" };
  const at = (hour: string) => ({ time: `2027-01-04T${hour}:00:00Z`, timeZone: "Europe/London" });

  test("an event of a connection: created, found, changed, deleted", async () => {
    connect("google", "alice");
    const [connection] = await ada.calendars.connections();
    expect(connection).toEqual({
      connectionId: String(client.emulator.calendars.credentials(adaId)[0]!.id),
      type: "google",
      email: "alice@gmail.example",
    });
    const scope = ada.calendars.connection(connection!.connectionId);
    const made = await scope.events.create({
      title: "Tea",
      start: at("10"),
      end: at("11"),
      description: "hot",
    });
    expect(made).toMatchObject({ title: "Tea", start: at("10"), status: "accepted", source: "google" });
    expect(await scope.events.get(made.id)).toEqual(made);
    expect(await scope.events.list(range)).toEqual([made]);
    const changed = await scope.events.update(made.id, { title: "Coffee", end: at("12") });
    expect(changed).toEqual({ ...made, title: "Coffee", end: at("12") });
    expect(await scope.busyTimes(range)).toEqual([
      { start: new Date(at("10").time), end: new Date(at("12").time), source: "google-calendar" },
    ]);
    await expect(scope.events.delete(made.id)).resolves.toBeUndefined();
    expect(await rejection(scope.events.get(made.id))).toMatchObject({ code: "not_found" });
    expect(await rejection(scope.events.delete(made.id))).toMatchObject({ code: "not_found" });
  });

  test("in another calendar of the account than its main one", async () => {
    const { events } = ada.calendars.connection(String(connect("google", "alice")));
    const calendarId = "team_cal@group.calendar.google.com";
    const made = await events.create({ title: "Team", start: at("10"), end: at("11"), calendarId });
    expect(await events.list(range)).toEqual([]);
    expect(await events.list({ ...range, calendarId })).toEqual([made]);
  });

  test("with ids that need spelling", async () => {
    const google = ada.calendars.connection(String(connect("google", "alice")));
    const event = { id: "a/b?c#d e", title: "Odd", start: at("10").time, end: at("11").time };
    client.emulator.provider.addEvent("google", "alice", event);
    expect(await google.events.get(event.id)).toMatchObject({ title: "Odd" });
  });

  test("of a provider other than Google: bad request, in Cal.com's words", async () => {
    connect("office365", "bob");
    const [connection] = await ada.calendars.connections();
    const scope = ada.calendars.connection(connection!.connectionId);
    expect(await rejection(scope.events.list(range))).toMatchObject({ code: "bad_request", status: 400 });
    expect(await scope.busyTimes(range)).toEqual([]);
  });

  test("of a connection that is revoked, unknown, or another user's", async () => {
    connect("google", "alice");
    client.emulator.provider.revoke({ userId: adaId, provider: "google" });
    expect(await ada.calendars.connections()).toMatchObject([{ type: "google", email: null }]);
    await client.cal.ensureUser("bob", { email: "bob@example.com", name: "Bob" });
    const bobId = (await client.store.get("bob"))!.calUserId;
    const theirs = client.emulator.calendars.connect(bobId, "google", "carol");
    for (const id of ["999", String(theirs)])
      expect(await rejection(ada.calendars.connection(id).busyTimes(range))).toMatchObject({
        code: "not_found",
      });
    expect(await rejection(ada.calendars.connection("abc").events.list(range))).toMatchObject({
      code: "bad_request",
    });
  });
});
