import { beforeEach, expect, test } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

let client: TestClient;
let ada: CalUser;
let adaId: number;
let alice: number;
let bob: number;

beforeEach(async () => {
  client = createTestClient();
  ({ ada, adaId } = await createAda(client));
  const { calendars } = client.emulator;
  alice = calendars.connect(adaId, "google", "alice");
  bob = calendars.connect(adaId, "office365", "bob");
});

const left = () => client.emulator.calendars.credentials(adaId).map(({ id }) => id);
const disconnects = { method: "POST", path: /\/disconnect$/ } as const;

test("disconnect(provider) ends every connection of the provider, and no other", async () => {
  const carol = client.emulator.calendars.connect(adaId, "google", "carol");
  const { disconnected } = await ada.calendars.disconnect("google");
  expect(disconnected.map(({ credentialId }) => credentialId).toSorted((a, b) => a - b)).toEqual([
    alice,
    carol,
  ]);
  expect(left()).toEqual([bob]);
});

test("a connection of another provider is not ended by its id", async () => {
  const error = await rejection(ada.calendars.disconnect("google", { credentialId: bob }));
  expect(error).toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("office365_calendar"),
  });
  expect(client.emulator.count(disconnects)).toBe(0);
  expect(left()).toEqual([alice, bob]);
});

test("a connection that was ended meanwhile, which Cal.com still lists, is no error", async () => {
  await ada.calendars.list();
  client.emulator.calendars.remove({ userId: adaId, credentialId: alice });
  expect(await ada.calendars.disconnect("google")).toEqual({ disconnected: [] });
  expect(client.emulator.count(disconnects)).toBe(1);
});

test("a failure at Cal.com is thrown, after the other connections were ended", async () => {
  client.emulator.calendars.connect(adaId, "google", "carol");
  client.emulator.inject({ ...disconnects, effect: { status: 403 } });
  expect(await rejection(ada.calendars.disconnect("google"))).toMatchObject({ status: 403 });
  expect(left()).toHaveLength(2);
});

test("an Apple connection that Cal.com does not list yet is ended as well", async () => {
  client.emulator.calendars.connect(adaId, "apple", "carol@icloud.example");
  await ada.calendars.list();
  await ada.calendars.connectApple({ username: "dave@icloud.example", password: "good-app-pass" });
  await ada.calendars.disconnect("apple");
  expect(left()).toEqual([alice, bob]);
});
