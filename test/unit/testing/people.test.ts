import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createOAuth2Emulator } from "../../support/oauth2-emulator.js";

describe("people with Cal.com accounts of their own", () => {
  test("there are two by default, and others if given", () => {
    const emails = (emulator: ReturnType<typeof createCalEmulator>): string[] =>
      emulator.people.list().map(({ email }) => email);
    expect(emails(createCalEmulator())).toEqual(["ada@cal.example", "grace@cal.example"]);
    const emulator = createCalEmulator({ oauth2: { people: [{ email: "eve@cal.example" }] } });
    expect(emails(emulator)).toEqual(["eve@cal.example"]);
    expect(emails(createCalEmulator({ oauth2: { people: [] } }))).toEqual([]);
  });

  test("are not managed users", async () => {
    const emulator = createCalEmulator();
    const [ada] = emulator.people.list();
    expect(emulator.users.list()).toEqual([]);
    expect(emulator.users.get(ada!.id)).toBeUndefined();
    expect(() => emulator.users.delete(ada!.id)).toThrow("no managed user");
    const { id } = await emulator.users.create({ email: "bob@example.com", name: "Bob" });
    expect(emulator.people.get(id)).toBeUndefined();
    expect(() => emulator.people.delete(id)).toThrow("no person");
  });

  test("create: the address is unique, and the user name is its local part", () => {
    const { people } = createCalEmulator();
    const person = people.create({ email: "eve@cal.example", name: "Eve", timeZone: "Europe/Rome" });
    expect(person).toMatchObject({ email: "eve@cal.example", username: "eve", timeZone: "Europe/Rome" });
    expect(people.get(person.id)).toEqual(person);
    expect(() => people.create({ email: "eve@cal.example" })).toThrow("already has a user");
    expect(people.create({ email: "eve@other.example" }).username).toBe("eve-other-example");
  });

  test("/me has no organization, and an address without a suffix", async () => {
    const { emulator, api, ada } = createOAuth2Emulator();
    const { accessToken } = await emulator.oauth2.issueTokens({ clientId: "app", userId: ada.id });
    const { body } = await api.user(accessToken, "GET", "/me");
    expect(body.data).toMatchObject({ id: ada.id, email: "ada@cal.example", organizationId: null });
    expect(body.data).not.toHaveProperty("organization");
  });

  test("have calendars of their own", async () => {
    const { emulator, api, ada, grace } = createOAuth2Emulator();
    emulator.calendars.connect(ada.id, "google", "alice");
    const { accessToken } = await emulator.oauth2.issueTokens({ clientId: "app", userId: ada.id });
    const list = await api.user(accessToken, "GET", "/calendars");
    expect(list.body.data.connectedCalendars).toMatchObject([
      { primary: { externalId: "alice@gmail.example" } },
    ]);
    expect(emulator.calendars.credentials(grace.id)).toEqual([]);
    const authUrl = await api.authUrl(accessToken, "office365");
    await emulator.provider.authorize(authUrl, { account: "bob" });
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(2);
    emulator.people.delete(ada.id);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
  });

  test("a person can't manage an organization's users, on any server", async () => {
    for (const mode of ["strict", "lenient"] as const) {
      const { emulator, api, ada } = createOAuth2Emulator(mode);
      const { accessToken } = await emulator.oauth2.issueTokens({ clientId: "legacy", userId: ada.id });
      const { status, body } = await api.user(accessToken, "GET", "/oauth-clients/test-client/users");
      expect([status, body.error.message]).toEqual([
        403,
        "OAuthClientGuard - No organization associated with the user.",
      ]);
    }
  });
});
