import { describe, expect, test } from "vitest";
import { createApp, createBrowser, endOf } from "../../support/handlers-app.js";

// A managed user that was deleted at Cal.com, or one of an emulator that was restarted.
describe("a user whose managed user Cal.com has lost", () => {
  async function lose() {
    const told: unknown[] = [];
    const app = createApp({
      handlers: { onError: ({ handler, error }) => void told.push([handler, error]) },
    });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.visit((await app.emulator.provider.authorize(await ada.start("google"))).redirectTo);
    app.emulator.users.delete(await app.managedUserId("ada"));
    return { app, ada, told };
  }

  test("has nothing connected, and the application hears why", async () => {
    const { ada, told } = await lose();
    expect(await (await ada.fetch("/calendars/status")).json()).toEqual({
      success: true,
      data: {
        hasConnectedCalendars: false,
        calendars: [],
        calAccount: { grant: "managed" },
        linkable: false,
      },
    });
    expect(told).toMatchObject([["status", { code: "cal_user_gone" }]]);
  });

  test("gets a new one by connecting a calendar", async () => {
    const { app, ada } = await lose();
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected", connected: "true" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
    expect(app.emulator.users.list()).toHaveLength(1);
  });

  test("gets one by connecting Apple's calendar, too, and in two tabs at once only one", async () => {
    const { app, ada } = await lose();
    const credentials = { username: "dave@icloud.example", password: "good-app-pass" };
    const answers = await Promise.all([
      ada.post("/calendars/apple-credentials", credentials),
      ada.fetch("/calendars/oauth-connect-url?type=google"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await app.accounts("ada")).toEqual(["dave@icloud.example"]);
    expect(app.emulator.users.list()).toHaveLength(1);
  });
});
