import { describe, expect, test } from "vitest";
import { memoryConnectionStore } from "../../../../src/index.js";
import type { Connection } from "../../../../src/handlers/index.js";
import { createApp, createBrowser, endOf, ownCallback, type App } from "../../../support/handlers-app.js";

const EMAIL = "ada@gmail.example";
const TEAM = "team@group.example";

/** An application whose user connects a Google account with two calendars. */
function createWorld(withStore: boolean) {
  const app: App = createApp({
    client: withStore
      ? { connectionStore: memoryConnectionStore({ now: () => app.emulator.clock.now() }) }
      : {},
  });
  const { emulator } = app;
  emulator.provider.addAccount("google", {
    email: EMAIL,
    calendars: [
      { externalId: EMAIL, name: "Ada", isPrimary: true },
      { externalId: TEAM, name: "Team", isPrimary: false },
    ],
  });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const connect = async (callback: string) => {
    const link = await ada.start("google");
    if (callback === "Cal.com's callback") {
      const { redirectTo } = await emulator.provider.authorize(link, { account: EMAIL });
      return endOf(await ada.visit(redirectTo));
    }
    const stop = await emulator.provider.authorize(link, { account: EMAIL, stopBeforeCallback: true });
    const state = new URL(stop.callbackUrl).searchParams.get("state");
    return endOf(await ada.visit(ownCallback("google", { code: stop.code, state })));
  };
  const connections = async () => {
    const body = (await (await ada.fetch("/calendars/status")).json()) as {
      data: { calendars: Connection[] };
    };
    return body.data.calendars;
  };
  return { app, emulator, connect, connections, userId: () => app.managedUserId("ada") };
}

describe.each(["Cal.com's callback", "own callback"])(
  "a revoked account is connected again over %s",
  (callback) => {
    async function chooseAndRevoke(withStore: boolean) {
      const world = createWorld(withStore);
      const { app, emulator, connect, connections, userId } = world;
      expect(await connect(callback)).toMatchObject({ connected: "true" });
      const calendar = { integration: "google_calendar", externalId: TEAM } as const;
      const [{ credentialId } = expect.fail("no connection")] = await connections();
      const { calendars } = app.cal.forUser("ada");
      await calendars.select({ ...calendar, credentialId });
      await calendars.setDestination(calendar);
      if (withStore) await app.cal.checkConnection("ada");
      emulator.provider.revoke({ userId: await userId() });
      // Over Cal.com's own callback, the first attempt ends the revoked connection.
      let end = await connect(callback);
      if (end["reason"] === "try_again") end = await connect(callback);
      expect(end).toMatchObject({ connected: "true" });
      return world;
    }

    test("the next page shows the calendars and the destination that were chosen before", async () => {
      const { connections } = await chooseAndRevoke(true);
      expect(await connections()).toMatchObject([
        {
          connected: true,
          email: EMAIL,
          calendars: [
            { externalId: EMAIL, isSelected: true, isDestination: false },
            { externalId: TEAM, isSelected: true, isDestination: true },
          ],
        },
      ]);
    });

    test("without a connection store Cal.com's own choice is left", async () => {
      const { connections } = await chooseAndRevoke(false);
      const [connection] = await connections();
      expect(connection?.calendars.find(({ externalId }) => externalId === TEAM)).toMatchObject({
        isSelected: false,
        isDestination: false,
      });
    });
  },
);

test("a calendar is connected although the connection store fails afterwards", async () => {
  let isDown = false;
  const store = memoryConnectionStore();
  const app = createApp({
    client: {
      connectionStore: {
        ...store,
        get: (userId) => (isDown ? Promise.reject(new Error("down")) : store.get(userId)),
      },
    },
  });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"), {
    account: "alice",
  });
  isDown = true;
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected", connected: "true" });
  expect(app.log.join("\n")).toContain("could not be checked yet");
});
