import { describe, expect, test } from "vitest";
import {
  createApp,
  createBrowser,
  endOf,
  ownCallback,
  withoutAttempts,
} from "../../../support/handlers-app.js";
import { memoryConnectionStore } from "../../../../src/index.js";
import type { ConnectedEvent } from "../../../../src/handlers/index.js";
import type { AppOptions, Browser } from "../../../support/handlers-app.js";

type Provider = "google" | "office365";
type Callback = "Cal.com's callback" | "own callback";
type Account = "alice" | "carol" | "dora";

const callbacks: Callback[] = ["Cal.com's callback", "own callback"];

/** A user with two accounts of a provider, connected on the page; a third account exists. */
async function createWorld(provider: Provider, options: AppOptions = {}) {
  const app = createApp(options);
  const { emulator } = app;
  const addressOf = (account: Account) => `${account}@${provider}.example`;
  for (const account of ["alice", "carol", "dora"] as const) {
    emulator.provider.addAccount(provider, addressOf(account));
  }
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const consent = async (link: string, account: Account | null, callback: Callback) => {
    const choice = account === null ? { deny: true } : { account: addressOf(account) };
    if (callback === "Cal.com's callback")
      return (await emulator.provider.authorize(link, choice)).redirectTo;
    const stop = await emulator.provider.authorize(link, { ...choice, stopBeforeCallback: true });
    const state = new URL(stop.callbackUrl).searchParams.get("state");
    const error = account === null ? "access_denied" : null;
    return ownCallback(provider, { code: stop.code, state, error });
  };
  const connect = async (
    account: Account | null,
    query = "",
    browser: Browser = ada,
    callback = callbacks[0]!,
  ) => endOf(await browser.visit(await consent(await browser.start(provider, query), account, callback)));
  await connect("alice");
  await connect("carol", "&select=1");
  const userId = await app.managedUserId("ada");
  const credentials = () => emulator.calendars.credentials(userId);
  const accounts = () => credentials().map(({ account }) => account.split("@")[0]);
  const idOf = (account: Account) =>
    credentials().find((one) => one.account === addressOf(account))?.id ?? expect.fail(account);
  return { app, emulator, ada, userId, addressOf, consent, connect, accounts, idOf, credentials };
}

describe.each<Provider>(["google", "office365"])("%s", (provider) => {
  test("one that is revoked soon after it was connected is shown with its address, without a connection store", async () => {
    const { ada, emulator, userId, addressOf, idOf } = await createWorld(provider);
    const shown = async () => {
      const body = (await (await ada.fetch("/calendars/status")).json()) as {
        data: { calendars: { credentialId: number; email: string | null; connected: boolean }[] };
      };
      return body.data.calendars.find(({ credentialId }) => credentialId === idOf("carol"));
    };
    expect(await shown()).toMatchObject({ connected: true });
    emulator.provider.revoke({ userId, account: addressOf("carol") });
    emulator.clock.advance(11_000);
    expect(await shown()).toMatchObject({ connected: false, email: addressOf("carol") });
  });

  test("another account is added: the page asks for it, and nothing is twice", async () => {
    const { ada, connect, accounts } = await createWorld(provider);
    const link = new URL(await ada.start(provider, "&select=1"));
    expect(link.searchParams.get("prompt")!.split(" ")).toContain("select_account");
    expect(await connect("dora", "&select=1")).toMatchObject({ connected: "true" });
    expect(await connect("dora", "&select=1")).toMatchObject({ reason: "not_connected" });
    expect(accounts()).toEqual(["alice", "carol", "dora"]);
  });

  test("an account is connected again: its address is suggested, also while it can't be read", async () => {
    const { ada, app, emulator, userId, addressOf, idOf } = await createWorld(provider);
    const hint = async () =>
      new URL(await ada.start(provider, `&reconnect=${String(idOf("carol"))}`)).searchParams.get(
        "login_hint",
      );
    expect(await hint()).toBe(addressOf("carol"));
    emulator.provider.revoke({ userId, credentialId: idOf("carol") });
    expect(await hint()).toBe(addressOf("carol"));
    // Three weeks later the address is forgotten. Then the page asks.
    emulator.clock.advance(22 * 24 * 60 * 60_000);
    await app.cal.forUser("ada").calendars.list();
    const link = new URL(await ada.start(provider, `&reconnect=${String(idOf("carol"))}`));
    expect(link.searchParams.has("login_hint")).toBe(false);
    expect(link.searchParams.get("prompt")!.split(" ")).toContain("select_account");
  });

  describe.each(callbacks)("connected again over %s", (callback) => {
    test("the right account, which Cal.com has marked as invalid", async () => {
      const { ada, emulator, userId, connect, accounts, idOf } = await createWorld(provider);
      // Cal.com's check tells of the first one only.
      emulator.calendars.invalidate({ userId, credentialId: idOf("alice") });
      const query = `&reconnect=${String(idOf("alice"))}`;
      expect(await connect("alice", query, ada, callback)).toMatchObject({ connected: "true" });
      expect(accounts()).toEqual(["alice", "carol"]);
    });

    test.each(["works", "invalid", "revoked"])(
      "another account than one that %s: told, and not added",
      async (state) => {
        const { ada, emulator, userId, connect, accounts, idOf } = await createWorld(provider);
        const match = { userId, credentialId: idOf("alice") };
        if (state === "invalid") emulator.calendars.invalidate(match);
        if (state === "revoked") emulator.provider.revoke(match);
        const query = `&reconnect=${String(idOf("alice"))}`;
        const end = await connect("dora", query, ada, callback);
        expect(end).toMatchObject({ page: "/failed", connected: "false", reason: "different_account" });
        expect(end).not.toHaveProperty("rollBack");
        // With the application's callback the revoked one had to go before: Cal.com would have ignored its new tokens.
        const isReplaced = state === "revoked" && callback === "own callback" && provider === "google";
        expect(accounts()).toEqual(isReplaced ? ["carol"] : ["alice", "carol"]);
      },
    );

    test.each(["carol", null] as const)(
      "%s, which adds nothing: nothing that works is lost",
      async (account) => {
        const { ada, emulator, userId, connect, accounts, idOf } = await createWorld(provider);
        emulator.provider.revoke({ userId, credentialId: idOf("alice") });
        const end = await connect(account, `&reconnect=${String(idOf("alice"))}`, ada, callback);
        expect(end).toMatchObject({ connected: "false" });
        expect(accounts()).toContain("carol");
      },
    );
  });
});

test("with a connection store the address of a broken account is known for good", async () => {
  const { app, ada, emulator, userId, addressOf, idOf } = await createWorld("google", {
    client: { connectionStore: memoryConnectionStore() },
  });
  await app.cal.checkConnection("ada");
  emulator.provider.revoke({ userId, credentialId: idOf("carol") });
  emulator.clock.advance(22 * 24 * 60 * 60_000);
  const link = new URL(await ada.start("google", `&reconnect=${String(idOf("carol"))}`));
  expect(link.searchParams.get("login_hint")).toBe(addressOf("carol"));
});

test("of two revoked accounts the one that is connected again makes room, and the other stays", async () => {
  const { emulator, userId, connect, accounts, idOf } = await createWorld("google");
  for (const account of ["alice", "carol"] as const) {
    emulator.provider.revoke({ userId, credentialId: idOf(account) });
  }
  const end = await connect("carol", `&reconnect=${String(idOf("carol"))}`);
  expect(end).toMatchObject({ reason: "try_again" });
  expect(accounts()).toEqual(["alice"]);
  expect(await connect("carol")).toMatchObject({ connected: "true" });
});

test("an account that can't be read is reported as such, whatever other accounts do", async () => {
  const { emulator, userId, connect, idOf } = await createWorld("office365");
  emulator.provider.revoke({ userId, credentialId: idOf("carol") });
  // Cal.com reports access that was revoked at Microsoft as it does an outage, and ignores the new tokens.
  const end = await connect("carol", `&reconnect=${String(idOf("carol"))}`);
  expect(end).toMatchObject({ reason: "unavailable" });
});

describe("another account that may not be of this attempt stays, and the message says so", () => {
  test.each(["device", "tab"])("while another %s is connecting one", async (where) => {
    const { app, ada, consent, accounts, idOf } = await createWorld("google");
    const link = await ada.start("google", `&reconnect=${String(idOf("alice"))}`);
    const other = where === "tab" ? ada : createBrowser(app.sibling().handle).signIn("ada");
    const elsewhere = await consent(await other.start("google", "&select=1"), "dora", callbacks[0]!);
    const end = endOf(await ada.visit(await consent(link, null, callbacks[0]!)));
    expect(end).toMatchObject({ reason: "different_account", rollBack: "unavailable" });
    expect(endOf(await other.visit(elsewhere))).toMatchObject({ connected: "true" });
    expect(accounts()).toEqual(["alice", "carol", "dora"]);
  });

  test("that another device has connected meanwhile", async () => {
    const { app, ada, connect, consent, accounts, idOf } = await createWorld("google");
    const link = await ada.start("google", `&reconnect=${String(idOf("alice"))}`);
    const phone = createBrowser(app.sibling().handle).signIn("ada");
    await connect("dora", "&select=1", phone);
    const end = endOf(await ada.visit(await consent(link, null, callbacks[0]!)));
    expect(end).toMatchObject({ reason: "different_account" });
    expect(accounts()).toEqual(["alice", "carol", "dora"]);
  });

  test("with a store that can't keep attempts", async () => {
    const { connect, accounts, idOf } = await createWorld("google", { wrapStore: withoutAttempts });
    const end = await connect("dora", `&reconnect=${String(idOf("alice"))}`);
    expect(end).toMatchObject({ reason: "different_account", rollBack: "unavailable" });
    expect(accounts()).toEqual(["alice", "carol", "dora"]);
  });
});

test("Cal.com refuses to remove the other account: the page can be loaded again, which removes it", async () => {
  const { emulator, ada, consent, accounts, idOf } = await createWorld("google");
  const link = await ada.start("google", `&reconnect=${String(idOf("alice"))}`);
  const callback = await consent(link, "dora", callbacks[0]!);
  emulator.inject({ path: /\/disconnect$/, effect: { status: 503 } });
  expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "unavailable" });
  expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "different_account" });
  expect(accounts()).toEqual(["alice", "carol"]);
});

test("a page that saves by itself gets the same response", async () => {
  const told: unknown[] = [];
  const handlers = {
    onConnected: ({ connections }: ConnectedEvent) => void told.push(connections[0]?.email),
  };
  const { emulator, ada, addressOf, consent, accounts, idOf } = await createWorld("google", { handlers });
  const link = await ada.start("google", `&reconnect=${String(idOf("alice"))}`);
  const callback = new URL(await consent(link, "dora", callbacks[0]!));
  const state = callback.searchParams.get("cal_state");
  const response = await ada.post("/calendars/save-oauth-cal-creds", { state });
  expect((await response.json()).data).toMatchObject({ connected: false, reason: "different_account" });
  expect(accounts()).toEqual(["alice", "carol"]);
  expect(emulator.count({ path: /\/disconnect$/ })).toBe(1);
  expect(told).toEqual([addressOf("alice"), addressOf("carol")]);
});

describe("to connect again refuses", () => {
  test("a credential of another user, of another provider, and one that is gone", async () => {
    const { app, emulator, ada, userId } = await createWorld("google");
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    await mallory.fetch("/refresh");
    const theirs = emulator.calendars.connect(await app.managedUserId("mallory"), "google", "carol");
    const office = emulator.calendars.connect(userId, "office365", "bob");
    for (const id of [theirs, office, 999_999]) {
      const response = await ada.fetch(`/calendars/oauth-connect-url?type=google&reconnect=${String(id)}`);
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain("authUrl");
    }
  });

  test.each(["0", "-1", "1.5", "1e3", "x", "99999999999999999999"])("%s", async (id) => {
    const { ada } = await createWorld("google");
    const response = await ada.fetch(`/calendars/oauth-connect-url?type=google&reconnect=${id}`);
    expect(response.status).toBe(400);
  });

  test("a flag that is neither 1 nor left out", async () => {
    const { ada } = await createWorld("google");
    expect((await ada.fetch("/calendars/oauth-connect-url?type=google&select=yes")).status).toBe(400);
  });

  test("nothing of what a page posts as JSON", async () => {
    const { ada, addressOf, idOf } = await createWorld("google");
    const body = { type: "google", select: true, reconnect: idOf("carol") };
    const response = await ada.post("/calendars/oauth-connect-url", body);
    const { authUrl } = ((await response.json()) as { data: { authUrl: string } }).data;
    const parameters = new URL(authUrl).searchParams;
    expect(parameters.get("login_hint")).toBe(addressOf("carol"));
    expect(parameters.get("prompt")).toBe("consent select_account");
  });
});

test("an account whose address only looks the same is another one, and is not added in its place", async () => {
  const app = createApp();
  // The Kelvin sign: toLowerCase() makes it a k.
  const [kate, similar] = ["kate@gmail.example", "\u212Aate@gmail.example"];
  for (const address of [kate, similar]) app.emulator.provider.addAccount("google", address);
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const visit = async (link: string, account: string) =>
    endOf(await ada.visit((await app.emulator.provider.authorize(link, { account })).redirectTo));
  await visit(await ada.start("google"), kate);
  const [credential] = app.emulator.calendars.credentials(await app.managedUserId("ada"));
  const end = await visit(await ada.start("google", `&reconnect=${String(credential!.id)}`), similar);
  expect(end).toMatchObject({ reason: "different_account" });
  expect(await app.accounts("ada")).toEqual([kate]);
});
