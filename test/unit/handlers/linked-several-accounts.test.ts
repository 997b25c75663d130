import { describe, expect, test } from "vitest";
import { endOf, type Browser } from "../../support/handlers-app.js";
import {
  browserOf,
  connectCalendar,
  consent,
  createLinkingApp,
  startLink,
  statusOf,
  type LinkingApp,
} from "../../support/linking-app.js";

// Several accounts of a provider, and popups, in users' own Cal.com accounts.

const popup = "0123456789abcdef";

async function createWorld() {
  const app = createLinkingApp();
  const { emulator, people } = app;
  emulator.provider.addAccount("google", "dora@gmail.example");
  const ada = browserOf(app, "ada");
  await connectCalendar(app, ada, "google", { account: "alice" });
  const userId = people.ada.id;
  const credentials = () => emulator.calendars.credentials(userId);
  return { app, ada, userId, credentials, alice: credentials()[0]!.id };
}

async function reconnect(
  app: LinkingApp,
  ada: Browser,
  id: number,
  choice: { account?: string; deny?: true },
) {
  const link = await ada.start("google", `&reconnect=${String(id)}`);
  return endOf(await ada.visit((await app.emulator.provider.authorize(link, choice)).redirectTo));
}

describe("to connect a calendar again", () => {
  test("with another account adds nothing", async () => {
    const { app, ada, alice, credentials } = await createWorld();
    const end = await reconnect(app, ada, alice, { account: "dora" });
    expect(end).toMatchObject({ reason: "different_account" });
    expect(credentials().map(({ id }) => id)).toEqual([alice]);
  });

  test("of several, the revoked one that was named makes room; what the person connected at Cal.com stays", async () => {
    const { app, ada, userId, alice, credentials } = await createWorld();
    const { emulator } = app;
    const [carol, dora] = [
      emulator.calendars.connect(userId, "google", "carol"),
      emulator.calendars.connect(userId, "google", "dora"),
    ];
    for (const credentialId of [alice, carol]) emulator.provider.revoke({ userId, credentialId });
    expect(await reconnect(app, ada, alice, { account: "alice" })).toMatchObject({ reason: "try_again" });
    expect(credentials().map(({ id }) => id)).toEqual([carol, dora]);
  });

  test("removes nothing if more than one account is new: it is not known which one came by the attempt", async () => {
    const { app, ada, userId, alice, credentials } = await createWorld();
    const link = await ada.start("google", `&reconnect=${String(alice)}`);
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "dora" });
    app.emulator.calendars.connect(userId, "google", "carol");
    const end = endOf(await ada.visit(redirectTo));
    expect(end).toMatchObject({ reason: "different_account", rollBack: "unavailable" });
    expect(credentials()).toHaveLength(3);
  });
});

describe("while the account has to be linked again, and the calendars can still be read", () => {
  async function createEndingWorld() {
    const world = await createWorld();
    const { app, ada, userId } = world;
    const carol = app.emulator.calendars.connect(userId, "google", "carol");
    app.emulator.oauth2.revokeRefreshTokens(userId);
    app.emulator.clock.advance(22 * 60_000);
    await statusOf(ada);
    await app.cal.close();
    app.told.connected.splice(0);
    /** Presses the button, and Allow at Cal.com. Returns what comes next. */
    const pressAndLink = async (query: string, person = "ada") => {
      const authUrl = await ada.start("google", query);
      expect(authUrl).toMatch(app.emulator.oauth2.authorizeUrl);
      return ada.visit(await consent(app, authUrl, { person }));
    };
    return { ...world, carol, pressAndLink };
  }

  test("“Add another account” leads on to the choice of an account", async () => {
    const { app, ada, pressAndLink } = await createEndingWorld();
    const onward = await pressAndLink("&select=1");
    const location = onward.headers.get("location")!;
    expect(new URL(location).searchParams.get("prompt")).toContain("select_account");
    expect(app.told.connected).toEqual([]);
    const { redirectTo } = await app.emulator.provider.authorize(location, { account: "dora" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ calAccount: "linked", connected: "true" });
    expect(app.told.connected).toMatchObject([{ connections: [{ email: "dora@gmail.example" }] }]);
  });

  test("“Reconnect” of a broken account leads on to that account, though another one works", async () => {
    const { app, ada, userId, carol, pressAndLink } = await createEndingWorld();
    app.emulator.provider.revoke({ userId, credentialId: carol });
    const location = (await pressAndLink(`&reconnect=${String(carol)}`)).headers.get("location")!;
    const { redirectTo } = await app.emulator.provider.authorize(location, { account: "dora" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "different_account" });
  });

  test("“Reconnect” of an account that works ends at once", async () => {
    const { app, carol, pressAndLink } = await createEndingWorld();
    expect(endOf(await pressAndLink(`&reconnect=${String(carol)}`))).toMatchObject({ connected: "true" });
    expect(app.told.connected).toMatchObject([{ connections: [{ email: "carol@gmail.example" }] }]);
  });
});

test("“Reconnect” of an account that another Cal.com account does not have leads to the choice of an account", async () => {
  const { app, ada, alice } = await createWorld();
  app.emulator.people.delete(app.people.ada.id);
  await statusOf(ada);
  app.emulator.calendars.connect(app.people.grace.id, "google", "dora");
  const authUrl = await ada.start("google", `&reconnect=${String(alice)}`);
  const onward = await ada.visit(await consent(app, authUrl, { person: "grace" }));
  expect(new URL(onward.headers.get("location")!).searchParams.get("prompt")).toContain("select_account");
});

describe("in a popup", () => {
  const returned = async (response: Response) =>
    /data-id="([^"]*)" data-returned="([^"]*)"/.exec(await response.text())?.slice(1) ?? expect.fail();

  test("an account is linked", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const url = await consent(app, await startLink(ada, `?popup=${popup}`), { person: "ada" });
    expect(await returned(await ada.visit(url))).toEqual([popup, "calAccount=linked"]);
  });

  test("the person says no", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const url = await consent(app, await startLink(ada, `?popup=${popup}`), { deny: true });
    expect(await returned(await ada.visit(url))).toEqual([
      popup,
      "calAccount=error&amp;reason=access_denied",
    ]);
  });

  test("an account is linked and a calendar connected, by way of two pages", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const onward = await ada.visit(await consent(app, await ada.start("google", `&popup=${popup}`)));
    expect(onward.status).toBe(303);
    const { redirectTo } = await app.emulator.provider.authorize(onward.headers.get("location")!);
    expect(await returned(await ada.visit(redirectTo))).toEqual([
      popup,
      "calAccount=linked&amp;calendarType=google&amp;connected=true",
    ]);
  });

  test.each(["x", `"><script>alert(1)</script>`, "a b c d e f g h i j"])("of %j is refused", async (id) => {
    const ada = browserOf(createLinkingApp(), "ada");
    const response = await ada.fetch(`/oauth/authorize-url?popup=${encodeURIComponent(id)}`);
    expect(response.status).toBe(400);
  });
});
