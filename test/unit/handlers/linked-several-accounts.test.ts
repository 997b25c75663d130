import { describe, expect, test } from "vitest";
import { endOf, type Browser } from "../../support/handlers-app.js";
import {
  browserOf,
  connectCalendar,
  consent,
  createLinkingApp,
  startLink,
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
