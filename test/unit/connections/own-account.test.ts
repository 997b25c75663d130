import { describe, expect, test } from "vitest";
import { createCalHandlers, type Connection } from "../../../src/handlers/index.js";
import { memoryConnectionStore, type ConnectionChange, type ConnectionStore } from "../../../src/index.js";
import { rejection } from "../../support/client.js";
import { DAY, HOUR, inShort, MINUTE } from "../../support/connections-world.js";
import { createOAuthClient, link, type OAuthClientOptions } from "../../support/oauth-client.js";

/** Ada, with her own Cal.com account and a Google calendar in it. */
async function adaWithAccount(options: OAuthClientOptions = {}) {
  const told: ConnectionChange[] = [];
  let now: () => number = Date.now;
  const connections: ConnectionStore = memoryConnectionStore({ now: () => now() });
  const world = createOAuthClient({
    hooks: { onConnectionChange: (change) => void told.push(change) },
    connectionStore: connections,
    retry: { limit: 0 },
    ...options,
  });
  now = world.emulator.clock.now;
  const ada = await link(world);
  const credentialId = world.emulator.calendars.connect(world.adaAtCal.id, "google", "ada@gmail.example");
  world.emulator.clock.advance(15_000);
  await world.cal.checkConnection("ada");
  const pass = async (ms: number, stepMs: number) => {
    for (let left = ms; left > 0; left -= stepMs) {
      world.emulator.clock.advance(stepMs);
      await world.cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY });
    }
  };
  return { ...world, ada, told, connections, credentialId, pass };
}

describe("an unused link", () => {
  test("is alive after 90 days of checks", async () => {
    const { ada, told, pass } = await adaWithAccount();
    await pass(90 * DAY, 6 * HOUR);
    expect((await ada.calendars.list()).connectedCalendars).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test("is dead without them", async () => {
    const { ada, emulator } = await adaWithAccount();
    emulator.clock.advance(90 * DAY);
    expect(await rejection(ada.calendars.list())).toMatchObject({ code: "reauthorization_required" });
  });

  test("is renewed when it has less than ten days left, though the access token works", async () => {
    const world = await adaWithAccount();
    const record = (await world.store.get("ada"))!;
    const inFiveDays = new Date(world.emulator.clock.now() + 5 * DAY);
    const { version, ...rest } = record;
    await world.store.set({ ...rest, calRefreshTokenExpiresAt: inFiveDays }, { ifVersion: version });
    const before = world.tokenRequests();
    await world.another().checkConnection("ada");
    expect(world.tokenRequests()).toBe(before + 1);
    const { calRefreshTokenExpiresAt } = (await world.store.get("ada"))!;
    expect(calRefreshTokenExpiresAt!.getTime() - world.emulator.clock.now()).toBeGreaterThan(29 * DAY);
  });

  test("that can't be renewed is reported three days ahead, and when it has ended", async () => {
    const { told, emulator, pass, store } = await adaWithAccount();
    const expiresAt = (await store.get("ada"))!.calRefreshTokenExpiresAt!;
    const body = { error: "unauthorized_client", error_description: "client_not_approved" };
    const effect = { status: 401, body };
    emulator.inject({ path: "/auth/oauth2/token", effect, times: Number.POSITIVE_INFINITY });
    await pass(32 * DAY, HOUR);
    expect(inShort(told)).toEqual([
      "cal.com connected expiring expires_soon",
      "cal.com expiring broken expired",
    ]);
    const [ahead, ended] = told.map(({ since }) => (expiresAt.getTime() - since.getTime()) / HOUR);
    expect(ahead).toBeGreaterThan(66);
    expect(ahead).toBeLessThanOrEqual(72);
    expect(ended).toBeLessThanOrEqual(0);
    expect(ended).toBeGreaterThan(-7);
  });
});

describe("a link that was revoked", () => {
  test("is reported at once, and when the user has linked the account again", async () => {
    const world = await adaWithAccount();
    world.emulator.oauth2.revokeRefreshTokens(world.adaAtCal.id);
    await world.pass(29 * HOUR, HOUR);
    expect(inShort(world.told)).toEqual(["cal.com connected broken revoked"]);
    expect(world.told[0]).toMatchObject({
      connection: null,
      message: "Cal.com no longer accepts the link to this account. Connect the account again.",
    });
    await link(world);
    await expect
      .poll(() => world.cal.checkConnections({ maxPerMinute: Number.POSITIVE_INFINITY }))
      .toMatchObject({ checked: 1 });
    expect(inShort(world.told).at(-1)).toBe("cal.com broken connected");
  });

  test("an account that Cal.com no longer has is reported", async () => {
    const world = await adaWithAccount();
    world.emulator.people.delete(world.adaAtCal.id);
    await world.pass(29 * HOUR, HOUR);
    expect(inShort(world.told)).toEqual(["cal.com connected broken cal_user_gone"]);
  });

  test("another account in its place is seen for the first time: nothing is reported of the old one's calendars", async () => {
    const world = await adaWithAccount();
    world.emulator.calendars.connect(world.graceAtCal.id, "office365", "grace@work.example");
    await world.cal.oauth.link("ada", await authorizeAs(world, "grace"), { replace: true });
    await world.pass(2 * DAY, HOUR);
    expect(world.told).toEqual([]);
    expect((await world.cal.lastConnectionCheck("ada"))?.connections).toMatchObject([
      { calendarType: "office365", status: "connected" },
    ]);
  });
});

describe("calendars of a person's own account", () => {
  test("are restored only if that is asked for", async () => {
    const world = await adaWithAccount();
    const { ada, credentialId, emulator, cal, told, pass, adaAtCal } = world;
    const team = { integration: "google_calendar", externalId: "team@group.example" };
    emulator.calendars.remove({ userId: adaAtCal.id });
    emulator.provider.addAccount("google", {
      email: "ada2@gmail.example",
      calendars: [
        { externalId: "ada2@gmail.example", name: "Ada", isPrimary: true },
        { externalId: team.externalId, name: "Team", isPrimary: false },
      ],
    });
    const second = emulator.calendars.connect(adaAtCal.id, "google", "ada2@gmail.example");
    expect(second).not.toBe(credentialId);
    emulator.clock.advance(15_000);
    await ada.calendars.select({ ...team, credentialId: second });
    await cal.checkConnection("ada");
    emulator.calendars.remove({ userId: adaAtCal.id });
    emulator.calendars.connect(adaAtCal.id, "google", "ada2@gmail.example");
    emulator.clock.advance(15_000);
    await cal.checkConnection("ada");
    await pass(10 * MINUTE, MINUTE);
    const selected = () => emulator.calendars.selected(adaAtCal.id).map(({ externalId }) => externalId);
    expect(selected()).not.toContain(team.externalId);
    expect(told.find(({ restored }) => restored !== null)?.restored).toMatchObject({
      selected: [],
      available: [{ externalId: team.externalId, name: "Team" }],
    });
    expect((await cal.lastConnectionCheck("ada"))?.connections).toMatchObject([
      { status: "connected", isRestorable: true },
      { status: "gone" },
    ]);
    await cal.checkConnection("ada", { restore: true });
    expect(selected()).toContain(team.externalId);
    expect((await cal.lastConnectionCheck("ada"))?.connections[0]).toMatchObject({ isRestorable: false });
  });
});

test("a person restores on the page what was chosen before", async () => {
  const world = await adaWithAccount();
  const { ada, emulator, cal, adaAtCal } = world;
  const team = { integration: "google_calendar", externalId: "team@group.example" };
  const account = {
    email: "ada2@gmail.example",
    calendars: [
      { externalId: "ada2@gmail.example", name: "Ada", isPrimary: true },
      { externalId: team.externalId, name: "Team", isPrimary: false },
    ],
  };
  emulator.provider.addAccount("google", account);
  const first = emulator.calendars.connect(adaAtCal.id, "google", account.email);
  await ada.calendars.select({ ...team, credentialId: first });
  await cal.checkConnection("ada");
  emulator.calendars.remove({ userId: adaAtCal.id, credentialId: first });
  emulator.calendars.connect(adaAtCal.id, "google", account.email);
  await cal.checkConnection("ada");
  const { handle } = createCalHandlers({
    client: cal,
    authenticate: () => ({ userId: "ada", email: "ada@example.com", name: "Ada" }),
    stateSecret: "jH2zKq0vN8wXcR5tYb3mLp6sDf9gAe1u",
    appUrl: "https://app.example",
    successUrl: "/done",
    now: emulator.clock.now,
    logger: {},
  });
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
    const response = await handle(new Request(`https://app.example/api/cal${path}`, { headers, ...init }));
    const { data } = (await response.json()) as { data: { calendars: Connection[] } };
    return data.calendars.find(({ email }) => email === account.email);
  };
  const ofTeam = (connection: Connection | undefined) =>
    connection?.calendars.find(({ externalId }) => externalId === team.externalId);

  const before = await ask("/calendars/status");
  expect(before).toMatchObject({ connected: true, restorable: true });
  expect(ofTeam(before)).toMatchObject({ isSelected: false });
  const after = await ask("/calendars/restore", { method: "POST", body: "{}" });
  expect(after).not.toHaveProperty("restorable");
  expect(ofTeam(after)).toMatchObject({ isSelected: true });
  expect(ofTeam(await ask("/calendars/status"))).toMatchObject({ isSelected: true });
});

async function authorizeAs(world: Parameters<typeof link>[0], person: string) {
  const { url, codeVerifier } = await world.cal.oauth.authorizationUrl({ state: "st" });
  const { code } = await world.emulator.oauth2.authorize(url, { person });
  return { code: code!, codeVerifier };
}
