import { beforeEach, describe, expect, test } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { rejection } from "../../support/client.js";
import { createOAuthClient, link, type OAuthWorld } from "../../support/oauth-client.js";

let world: OAuthWorld;
let ada: CalUser;
let alice: number;
let bob: number;

beforeEach(async () => {
  world = createOAuthClient();
  // The person had calendars before the application came.
  alice = world.emulator.calendars.connect(world.adaAtCal.id, "google", "alice");
  bob = world.emulator.calendars.connect(world.adaAtCal.id, "office365", "bob");
  ada = await link(world);
});

const credentials = () => world.emulator.calendars.credentials(world.adaAtCal.id).map(({ id }) => id);

describe("in a person's own Cal.com account", () => {
  test("disconnect(provider) ends nothing, and says what to give", async () => {
    const error = await rejection(ada.calendars.disconnect("google"));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("removes the calendar from the user's whole Cal.com account"),
    });
    expect(credentials()).toEqual([alice, bob]);
    expect(await rejection(ada.calendars.disconnect("google", { all: false }))).toMatchObject({
      code: "invalid_input",
    });
    expect(credentials()).toEqual([alice, bob]);
  });

  test("disconnect(provider, { credentialId }) ends that connection", async () => {
    const carol = world.emulator.calendars.connect(world.adaAtCal.id, "google", "carol");
    await ada.calendars.disconnect("google", { credentialId: carol });
    expect(credentials()).toEqual([alice, bob]);
  });

  test("disconnect(provider, { all: true }) ends all of that provider", async () => {
    const carol = world.emulator.calendars.connect(world.adaAtCal.id, "google", "carol");
    const { disconnected } = await ada.calendars.disconnect("google", { all: true });
    expect(disconnected).toHaveLength(2);
    expect(credentials()).not.toContain(carol);
    expect(credentials()).toEqual([bob]);
  });

  test("credentialId and all together are refused", async () => {
    const error = await rejection(ada.calendars.disconnect("google", { credentialId: alice, all: true }));
    expect(error).toMatchObject({ code: "invalid_input" });
    expect(credentials()).toEqual([alice, bob]);
  });

  test("sync() removes no duplicates", async () => {
    const twin = world.emulator.calendars.connect(world.adaAtCal.id, "google", "alice");
    world.emulator.clock.advance(11_000);
    const { removedDuplicates, connectedCalendars } = await ada.calendars.sync("google");
    expect(removedDuplicates).toEqual([]);
    expect(connectedCalendars).toHaveLength(2);
    expect(credentials()).toEqual([alice, bob, twin]);
  });

  test("connectUrl() removes nothing, also not a revoked account", async () => {
    const carol = world.emulator.calendars.connect(world.adaAtCal.id, "google", "carol");
    world.emulator.provider.revoke({ userId: world.adaAtCal.id, credentialId: alice });
    world.emulator.clock.advance(11_000);
    const connect = () => ada.calendars.connectUrl("google", { returnUrl: "https://app.example/" });
    await connect();
    expect(credentials()).toEqual([alice, bob, carol]);
    await ada.calendars.disconnect("google", { credentialId: carol });
    await connect();
    expect(credentials()).toEqual([alice, bob]);
  });
});

test("a managed user's duplicates are removed, and disconnect(provider) ends all", async () => {
  const managed = createOAuthClient({ managedUsers: true, newUsers: "managed" });
  const user = await managed.cal.ensureUser("ada", {
    email: "a@example.com",
    name: "A",
    timeZone: "Europe/London",
  });
  const { calUserId } = (await managed.store.get("ada"))!;
  const kept = managed.emulator.calendars.connect(calUserId, "google", "alice");
  const twin = managed.emulator.calendars.connect(calUserId, "google", "alice");
  expect(await user.calendars.sync("google")).toMatchObject({ removedDuplicates: [twin] });
  const { disconnected } = await user.calendars.disconnect("google");
  expect(disconnected).toHaveLength(1);
  expect(managed.emulator.calendars.credentials(calUserId).map(({ id }) => id)).not.toContain(kept);
});
