import { describe, expect, test } from "vitest";
import { memoryConnectionStore } from "../../../src/index.js";
import { clientOf, createAda, rejection } from "../../support/client.js";
import {
  adaWithGoogle,
  createConnectionsWorld,
  DAY,
  HOUR,
  inShort,
  MINUTE,
} from "../../support/connections-world.js";

describe("a calendar breaks", () => {
  test("is reported within a day and a fifth, once, with the last known address", async () => {
    const world = createConnectionsWorld();
    const { adaId, credentialId } = await adaWithGoogle(world);
    expect(world.told).toEqual([]);
    world.emulator.provider.revoke({ userId: adaId });
    await world.pass(29 * HOUR);
    expect(world.told).toEqual([
      {
        id: expect.any(String),
        userId: "ada",
        connection: {
          calendarType: "google",
          integration: "google_calendar",
          credentialId,
          name: "Google Calendar",
          email: "ada@gmail.example",
        },
        from: "connected",
        to: "broken",
        reason: "revoked",
        message: "Google Calendar: access was revoked at the provider. Connect it again.",
        since: expect.any(Date),
        restored: null,
      },
    ]);
    await world.pass(3 * DAY, HOUR);
    expect(world.told).toHaveLength(1);
  });

  test("what Cal.com has marked as invalid is reported, although its list does not show it", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.calendars.invalidate({ userId: adaId });
    await world.pass(29 * HOUR, HOUR);
    expect(inShort(world.told)).toEqual(["google connected broken invalid_credentials"]);
    world.emulator.calendars.revalidate({ userId: adaId });
    await world.pass(6 * HOUR, HOUR);
    expect(inShort(world.told).at(-1)).toBe("google broken connected");
  });

  test("one that Cal.com has marked as invalid is not said to work because another one of the provider breaks", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.calendars.invalidate({ userId: adaId });
    world.emulator.clock.advance(MINUTE);
    await world.cal.checkConnection("ada");
    world.emulator.provider.addAccount("google", {
      email: "home@gmail.example",
      calendars: [{ externalId: "home@gmail.example", name: "Home", isPrimary: true }],
    });
    world.emulator.calendars.connect(adaId, "google", "home@gmail.example");
    await world.pass(2 * MINUTE);
    await world.cal.checkConnection("ada");
    world.emulator.provider.revoke({ userId: adaId, account: "home@gmail.example" });
    await world.pass(29 * HOUR, HOUR);
    expect(inShort(world.told)).toEqual([
      "google connected broken invalid_credentials",
      "google connected broken revoked",
    ]);
    expect(world.told.map(({ connection }) => connection?.email)).toEqual([
      "ada@gmail.example",
      "home@gmail.example",
    ]);
  });

  test("is reported at once although Cal.com's check of another provider does not respond", async () => {
    const world = createConnectionsWorld({ retry: { limit: 0 } });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.calendars.connect(adaId, "office365", "ada@work.example");
    await world.cal.checkConnection("ada");
    const match = { path: "/calendars/office365/check", times: Number.POSITIVE_INFINITY };
    world.emulator.inject({ ...match, effect: { status: 503 } });
    world.emulator.provider.revoke({ userId: adaId, provider: "google" });
    const { calAccount } = await world.cal.checkConnection("ada");
    expect(inShort(world.told)).toEqual(["google connected broken revoked"]);
    expect(calAccount.status).toBe("connected");
  });

  test("one that Cal.com has marked as invalid is not said to work because Cal.com's check does not respond", async () => {
    const world = createConnectionsWorld({ retry: { limit: 0 } });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.calendars.invalidate({ userId: adaId });
    await world.cal.checkConnection("ada");
    const match = { path: "/calendars/google/check", times: Number.POSITIVE_INFINITY };
    const fault = world.emulator.inject({ ...match, effect: { status: 503 } });
    await world.pass(2 * DAY, HOUR);
    expect(inShort(world.told)).toEqual(["google connected broken invalid_credentials"]);
    fault.remove();
    world.emulator.calendars.revalidate({ userId: adaId });
    await world.pass(7 * HOUR, HOUR);
    expect(inShort(world.told).at(-1)).toBe("google broken connected");
  });

  test("it works again: reported within six hours", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    await world.pass(29 * HOUR, HOUR);
    world.emulator.provider.restore({ userId: adaId });
    await world.pass(6 * HOUR);
    expect(inShort(world.told)).toEqual(["google connected broken revoked", "google broken connected"]);
  });

  test("one that is broken when it is first seen is not reported: a first deployment sends no messages", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await createAda(world);
    world.emulator.calendars.connect(adaId, "google", "ada@gmail.example");
    world.emulator.provider.revoke({ userId: adaId });
    world.emulator.clock.advance(15_000);
    await world.pass(2 * DAY, HOUR);
    expect(world.told).toEqual([]);
    expect((await world.cal.lastConnectionCheck("ada"))?.connections).toMatchObject([
      { status: "broken", reason: "revoked", email: null },
    ]);
  });
});

describe("an outage", () => {
  test("of six hours at the provider calls no hook; the run counts it", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    world.emulator.provider.break("google");
    world.emulator.clock.advance(MINUTE);
    await world.cal.forUser("ada").calendars.list();
    await expect
      .poll(() => world.run())
      .toMatchObject({ checked: 1, changed: 0, unavailable: { google: 1 } });
    await world.pass(6 * HOUR);
    world.emulator.provider.repair("google");
    await world.pass(2 * DAY, HOUR);
    expect(world.told).toEqual([]);
    expect((await world.cal.lastConnectionCheck("ada"))?.connections).toMatchObject([
      { status: "connected" },
    ]);
  });

  test("that does not end is reported after a day, and so is its end", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    world.emulator.provider.break("google");
    await world.pass(29 * HOUR);
    expect(world.told).toEqual([]);
    await world.pass(30 * HOUR);
    expect(inShort(world.told)).toEqual(["google connected unavailable unavailable"]);
    world.emulator.provider.repair("google");
    await world.pass(7 * HOUR);
    expect(inShort(world.told).at(-1)).toBe("google unavailable connected");
  });

  test("of Cal.com's is reported after a day, once for the user and not for each calendar", async () => {
    const world = createConnectionsWorld({ retry: { limit: 0 } });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.calendars.connect(adaId, "office365", "ada@work.example");
    await world.cal.checkConnection("ada");
    const fault = world.emulator.inject({
      path: "/calendars",
      effect: { status: 503 },
      times: Number.POSITIVE_INFINITY,
    });
    await world.pass(20 * HOUR);
    expect(world.told).toEqual([]);
    await world.pass(40 * HOUR);
    expect(inShort(world.told)).toEqual(["cal.com connected unavailable unavailable"]);
    fault.remove();
    await world.pass(7 * HOUR);
    expect(inShort(world.told).at(-1)).toBe("cal.com unavailable connected");
  });

  test("does not hide that a calendar was broken before", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    await world.pass(29 * HOUR, HOUR);
    world.emulator.provider.break("google");
    await world.pass(2 * DAY, HOUR);
    world.emulator.provider.repair("google");
    await world.pass(DAY, HOUR);
    expect(inShort(world.told)).toEqual(["google connected broken revoked"]);
  });
});

describe("a calendar is disconnected", () => {
  test("is reported when two lists a minute apart lack it", async () => {
    const world = createConnectionsWorld();
    const { ada, credentialId } = await adaWithGoogle(world);
    await ada.calendars.disconnect("google", { credentialId });
    await expect.poll(() => world.run()).toMatchObject({ checked: 1, changed: 0 });
    await world.pass(50_000, 10_000);
    expect(world.told).toEqual([]);
    await world.pass(30_000, 10_000);
    expect(inShort(world.told)).toEqual(["google connected gone removed"]);
    await world.pass(3 * DAY, HOUR);
    expect(world.told).toHaveLength(1);
  });

  test("one that is missing in one list only is not reported", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    const empty = { status: "success", data: { connectedCalendars: [], destinationCalendar: {} } };
    world.emulator.inject({ path: "/calendars", effect: { status: 200, body: empty } });
    await world.cal.checkConnection("ada");
    await world.pass(2 * DAY, HOUR);
    expect(world.told).toEqual([]);
  });
});

describe("the hook", () => {
  test("is called again with the same id until it resolves", async () => {
    const ids: string[] = [];
    const world = createConnectionsWorld({
      hooks: {
        onConnectionChange: ({ id }) => {
          ids.push(id);
          return ids.length < 3 ? Promise.reject(new Error("the mail server is down")) : Promise.resolve();
        },
      },
    });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    await world.pass(3 * DAY);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  test("a process without the hook loses no change: the next one with the hook reports it", async () => {
    const connections = memoryConnectionStore({ now: () => world.emulator.clock.now() });
    const world = createConnectionsWorld({ connectionStore: connections });
    const { adaId } = await adaWithGoogle(world);
    const without = clientOf(world.emulator, world.store, { connectionStore: connections });
    world.emulator.provider.revoke({ userId: adaId });
    world.emulator.clock.advance(MINUTE);
    const { changes } = await without.checkConnection("ada");
    expect(inShort(changes)).toEqual(["google connected broken revoked"]);
    await without.checkConnection("ada");
    await world.pass(6 * HOUR);
    expect(world.told.map(({ id }) => id)).toEqual(changes.map(({ id }) => id));
  });

  test("two processes that check a user at once tell one id", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    world.emulator.clock.advance(MINUTE);
    await Promise.all(Array.from({ length: 5 }, () => world.cal.checkConnection("ada")));
    expect(world.told.length).toBeGreaterThanOrEqual(1);
    expect(new Set(world.told.map(({ id }) => id)).size).toBe(1);
  });
});

describe("what the application's own calls see", () => {
  test("that Cal.com no longer has the account: reported by the next run, and once", async () => {
    const world = createConnectionsWorld();
    const { ada, adaId } = await adaWithGoogle(world);
    world.emulator.users.delete(adaId);
    world.emulator.clock.advance(2 * HOUR);
    expect(await rejection(ada.calendars.list())).toMatchObject({ code: "cal_user_gone" });
    await expect.poll(() => world.run()).toMatchObject({ checked: 1, changed: 1 });
    expect(inShort(world.told)).toEqual(["cal.com connected broken cal_user_gone"]);
    for (let n = 0; n < 5; n += 1) {
      world.emulator.clock.advance(2 * MINUTE);
      await rejection(ada.calendars.list());
      expect(await world.run()).toMatchObject({ checked: 0 });
    }
  });

  test("a page that stays open does not make a user due again whose calendar is known to be marked as invalid", async () => {
    const inBackground: Promise<unknown>[] = [];
    const world = createConnectionsWorld({ waitUntil: (work) => void inBackground.push(work) });
    const { ada, adaId } = await adaWithGoogle(world);
    world.emulator.calendars.invalidate({ userId: adaId });
    await Promise.all(inBackground);
    await world.cal.checkConnection("ada");
    for (let n = 0; n < 5; n += 1) {
      world.emulator.clock.advance(2 * MINUTE);
      await ada.calendars.list();
      await Promise.all(inBackground);
      const { dueAt } = (await world.connections.get("ada"))!;
      expect(dueAt.getTime() - world.emulator.clock.now()).toBeGreaterThan(5 * HOUR);
    }
  });
});

describe("who is checked", () => {
  test("a new user is, without anything to do", async () => {
    const world = createConnectionsWorld();
    await createAda(world);
    await expect.poll(() => world.run()).toMatchObject({ checked: 1, done: true });
  });

  test("users from before are added once, and checked within a day", async () => {
    const world = createConnectionsWorld();
    const before = clientOf(world.emulator, world.store);
    for (const name of ["ada", "bob", "eve"]) {
      await before.ensureUser(name, { email: `${name}@example.com`, name });
    }
    expect(await world.cal.enrollConnections()).toEqual({
      checked: 3,
      enrolled: 3,
      after: "eve",
      done: true,
    });
    expect(await world.cal.enrollConnections()).toMatchObject({ enrolled: 0 });
    expect(await world.run()).toMatchObject({ checked: 0 });
    world.emulator.clock.advance(DAY);
    expect(await world.run()).toMatchObject({ checked: 3 });
  });

  test("a user who was deleted is forgotten, also without a word to the SDK", async () => {
    const world = createConnectionsWorld();
    const { ada } = await adaWithGoogle(world);
    await world.store.delete("ada");
    await world.pass(29 * HOUR, HOUR);
    expect(await world.connections.get("ada")).toBeNull();
    await ada.delete();
    expect(await rejection(world.cal.checkConnection("ada"))).toMatchObject({ code: "user_not_found" });
  });

  test("a wrong configuration is counted, calls no hook, and does not end the run", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    await world.cal.ensureUser("bob", { email: "bob@example.com", name: "Bob" });
    const failed: string[] = [];
    const wrong = clientOf(world.emulator, world.store, {
      connectionStore: world.connections,
      managedUsers: { clientId: world.emulator.clientId, clientSecret: "wrong" },
    });
    world.emulator.clock.advance(30 * HOUR);
    const result = await wrong.checkConnections({
      maxPerMinute: Number.POSITIVE_INFINITY,
      onFailure: (userId) => failed.push(userId),
    });
    expect(result).toMatchObject({ checked: 0, failed: 2, done: true });
    expect(failed.sort()).toEqual(["ada", "bob"]);
    expect(await world.run()).toMatchObject({ checked: 0 });
    world.emulator.clock.advance(HOUR);
    expect(await world.run()).toMatchObject({ checked: 2 });
    expect(world.told).toEqual([]);
  });

  test("a client without a connection store says what to do", async () => {
    const world = createConnectionsWorld();
    const plain = clientOf(world.emulator, world.store);
    expect(await rejection(plain.checkConnections())).toMatchObject({ code: "invalid_input" });
    expect(String(await rejection(plain.checkConnection("ada")))).toContain("memoryConnectionStore()");
  });
});
