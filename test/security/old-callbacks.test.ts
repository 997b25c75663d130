import { describe, expect, test } from "vitest";
import { deferred } from "../support/deferred.js";
import { connectGoogle, createApp, createBrowser, endOf } from "../support/handlers-app.js";

describe("a user who loads an old callback again loses nothing", () => {
  test("while another tab is on its way back", async () => {
    const app = createApp();
    const { browser: ada, redirectTo: old } = await connectGoogle(app, "ada");
    const link = await ada.start("google");
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    expect(endOf(await ada.visit(old))).toMatchObject({ reason: "used_state" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example", "carol@gmail.example"]);
  });

  test("while another device is on its way back", async () => {
    const app = createApp();
    const { browser: ada, redirectTo: old } = await connectGoogle(app, "ada");
    const phone = createBrowser(app.sibling().handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await phone.start("google"), {
      account: "carol",
    });
    expect(endOf(await ada.visit(old))).toMatchObject({ reason: "used_state" });
    expect(endOf(await phone.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example", "carol@gmail.example"]);
  });

  test("while a device is on its way back whose start another server has overwritten", async () => {
    const [hasRead, readToo, wrote] = [deferred(), deferred(), deferred()];
    let readers: number | null = null;
    const app = createApp({
      wrapStore: (store) => ({
        ...store,
        async getAttempt(id) {
          const kept = await store.getAttempt(id);
          if (readers === null || !id.startsWith("watch:")) return kept;
          readers += 1;
          (readers === 1 ? hasRead : readToo).resolve();
          if (readers <= 2) await (readers === 1 ? readToo : wrote).promise;
          return kept;
        },
        async acquireLease(key, options) {
          const isFree = await store.acquireLease(key, options);
          // The other server waits for its turn.
          if (!isFree && key.startsWith("watch:")) readToo.resolve();
          return isFree;
        },
        async putAttempt(id, options) {
          await store.putAttempt(id, options);
          if (readers !== null && id.startsWith("watch:")) wrote.resolve();
        },
      }),
    });
    const { browser: ada, redirectTo: old } = await connectGoogle(app, "ada");
    readers = 0;
    const phone = createBrowser(app.handlers.handle).signIn("ada");
    const tablet = createBrowser(app.sibling().handle).signIn("ada");
    const starting = phone.start("google");
    await hasRead.promise;
    const denied = await app.emulator.provider.authorize(await tablet.start("google"), { deny: true });
    const link = await starting;
    await tablet.visit(denied.redirectTo);
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    expect(endOf(await ada.visit(old))).toMatchObject({ reason: "used_state" });
    expect(endOf(await phone.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example", "carol@gmail.example"]);
  });

  test("after an account was connected on another device", async () => {
    const app = createApp();
    const { browser: ada, redirectTo: old } = await connectGoogle(app, "ada");
    const phone = createBrowser(app.sibling().handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await phone.start("google"), {
      account: "carol",
    });
    await phone.visit(redirectTo);
    app.emulator.clock.advance(5_000);
    expect(endOf(await ada.visit(old))).toMatchObject({ reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example", "carol@gmail.example"]);
  });

  test("after an account was connected on another device while its provider was down", async () => {
    const app = createApp();
    const phone = createBrowser(app.sibling().handle).signIn("ada");
    const denied = await app.emulator.provider.authorize(await phone.start("google"), { deny: true });
    await phone.visit(denied.redirectTo);
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"), {
      account: "alice",
    });
    // It is connected, and was never seen working.
    app.emulator.provider.break("google");
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/failed" });
    app.emulator.provider.repair("google");
    expect(endOf(await phone.visit(denied.redirectTo))).toMatchObject({ reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });
});
