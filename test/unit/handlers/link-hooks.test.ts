import { describe, expect, test } from "vitest";
import type { UnlinkedEvent } from "../../../src/handlers/index.js";
import { memoryConnectionStore, type ConnectionStore } from "../../../src/index.js";
import { endOf, withoutAttempts } from "../../support/handlers-app.js";
import {
  browserOf,
  connectCalendar,
  consent,
  createLinkingApp,
  linkAccount,
  statusOf,
} from "../../support/linking-app.js";

// An application that keeps in its own database who has linked what: it misses nothing, whatever fails.

/** The application's function, which throws until the database is up. */
function createHook() {
  const told: UnlinkedEvent[] = [];
  const hook = {
    isDown: true,
    told,
    onUnlinked: (event: UnlinkedEvent): void => {
      if (hook.isDown) throw new Error("the database is down");
      told.push(event);
    },
  };
  return hook;
}

describe("onUnlinked throws", () => {
  async function unlinkWhileDown() {
    const hook = createHook();
    const app = createLinkingApp({ handlers: { onUnlinked: hook.onUnlinked } });
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    const response = await ada.post("/oauth/unlink", {});
    expect([response.status, (await response.json()).error.code]).toEqual([500, "internal_error"]);
    return { app, ada, hook };
  }
  const event = { userId: "ada", email: "ada@cal.example" };

  test("the user presses “Unlink” again: it is called again, once", async () => {
    const { app, ada, hook } = await unlinkWhileDown();
    hook.isDown = false;
    expect((await (await ada.post("/oauth/unlink", {})).json()).data).toEqual({ unlinked: true });
    expect(hook.told).toMatchObject([{ ...event, calUserId: app.people.ada.id }]);
    expect((await (await ada.post("/oauth/unlink", {})).json()).data).toEqual({ unlinked: false });
    await statusOf(ada);
    expect(hook.told).toHaveLength(1);
  });

  test("the user loads the page, days later and from another server: it is called again, once", async () => {
    const { app, ada, hook } = await unlinkWhileDown();
    expect((await statusOf(ada)).calAccount).toBeNull();
    expect(app.told.errors.map(({ handler }) => handler)).toEqual(["oauthUnlink", "status"]);
    app.emulator.clock.advance(5 * 24 * 60 * 60_000);
    hook.isDown = false;
    const later = browserOf({ handlers: app.sibling() }, "ada");
    await statusOf(later);
    await statusOf(later);
    expect(hook.told).toMatchObject([event]);
  });

  test("the user has linked the account again: it is not called for the link of before", async () => {
    const { app, ada, hook } = await unlinkWhileDown();
    hook.isDown = false;
    await linkAccount(app, ada);
    await statusOf(ada);
    expect(hook.told).toEqual([]);
  });

  test("with a store that keeps no attempts, the user sees the error, and the account is unlinked", async () => {
    const hook = createHook();
    const app = createLinkingApp({
      wrapStore: withoutAttempts,
      handlers: { onUnlinked: hook.onUnlinked },
    });
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    expect((await ada.post("/oauth/unlink", {})).status).toBe(500);
    expect((await statusOf(ada)).calAccount).toBeNull();
  });
});

describe("a user takes over the account of another one", () => {
  test("onUnlinked is called for the user who had it, and onLinked for the user who has it now", async () => {
    const app = createLinkingApp();
    await linkAccount(app, browserOf(app, "old"));
    await linkAccount(app, browserOf(app, "new"), "ada", "?takeOver=1");
    expect(app.told.unlinked).toMatchObject([
      { userId: "old", calUserId: app.people.ada.id, email: "ada@cal.example" },
    ]);
    expect(app.told.linked.map(({ userId }) => userId)).toEqual(["old", "new"]);
    await statusOf(browserOf(app, "old"));
    expect(app.told.unlinked).toHaveLength(1);
  });

  test("if onUnlinked throws, the new link stands, and the former user's next page calls it again", async () => {
    const hook = createHook();
    const app = createLinkingApp({ handlers: { onUnlinked: hook.onUnlinked } });
    await linkAccount(app, browserOf(app, "old"));
    expect(await linkAccount(app, browserOf(app, "new"), "ada", "?takeOver=1")).toMatchObject({
      calAccount: "linked",
    });
    expect(app.told.errors).toMatchObject([{ handler: "oauthCallback", userId: "old" }]);
    hook.isDown = false;
    await statusOf(browserOf(app, "old"));
    expect(hook.told).toMatchObject([{ userId: "old", email: "ada@cal.example" }]);
  });

  test("onUnlinked is called for the former user although the connection store fails at that moment", async () => {
    const hook = createHook();
    hook.isDown = false;
    const connections = memoryConnectionStore();
    let failures = 0;
    const connectionStore: ConnectionStore = {
      ...connections,
      delete: (userId) => {
        if ((failures += 1) > 1) return connections.delete(userId);
        return Promise.reject(new Error("the connection was reset"));
      },
    };
    const app = createLinkingApp({ handlers: { onUnlinked: hook.onUnlinked }, client: { connectionStore } });
    await linkAccount(app, browserOf(app, "old"));
    expect(await linkAccount(app, browserOf(app, "new"), "ada", "?takeOver=1")).toMatchObject({
      calAccount: "linked",
    });
    expect(failures).toBeGreaterThan(0);
    expect(hook.told).toMatchObject([{ userId: "old", email: "ada@cal.example" }]);
  });
});

test("onConnected throws for a calendar that the account has already: loading the page again calls it again", async () => {
  let calls = 0;
  const onConnected = (): void => {
    calls += 1;
    if (calls === 1) throw new Error("the database is down");
  };
  const app = createLinkingApp({ handlers: { onConnected } });
  app.emulator.calendars.connect(app.people.ada.id, "google", "alice");
  const ada = browserOf(app, "ada");
  const callback = await consent(app, await ada.start("google"));
  expect(endOf(await ada.visit(callback))).toMatchObject({
    calAccount: "linked",
    connected: "false",
    reason: "internal_error",
  });
  const exchanges = app.exchanges();
  expect(endOf(await ada.visit(callback))).toMatchObject({ calAccount: "linked", connected: "true" });
  expect([calls, app.exchanges()]).toEqual([2, exchanges]);
  expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "used_state" });
});

test("Cal.com fails after the link: loading the page again goes on to the provider, without the code", async () => {
  const app = createLinkingApp();
  const ada = browserOf(app, "ada");
  const callback = await consent(app, await ada.start("google"));
  app.emulator.inject({ path: "/calendars/google/connect", effect: { status: 500 } });
  expect(endOf(await ada.visit(callback))).toMatchObject({ calAccount: "linked", reason: "unavailable" });
  const exchanges = app.exchanges();
  const { redirectTo } = await app.emulator.provider.authorize(
    (await ada.visit(callback)).headers.get("location")!,
  );
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ calAccount: "linked", connected: "true" });
  expect(app.exchanges()).toBe(exchanges);
  expect(await connectCalendar(app, ada)).toMatchObject({ connected: "false", reason: "not_connected" });
});
