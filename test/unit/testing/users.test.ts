import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

const USERS = "/oauth-clients/test-client/users";

function setUp() {
  const emulator = createCalEmulator({
    clients: [
      { id: "second", secret: "second-secret" },
      { id: "foreign", secret: "foreign-secret", organizationId: 2 },
    ],
  });
  return { emulator, api: callerOf(emulator) };
}

describe("the emulator's managed users", () => {
  test("the list has 50 entries by default, and ends after the first 500", async () => {
    const { emulator, api } = setUp();
    for (let n = 0; n < 60; n++) await emulator.users.create({ email: `user${n}@example.com`, name: "N" });
    await emulator.users.create({ email: "other@example.com", name: "O" }, { clientId: "second" });
    const names = async (query: string): Promise<string[]> =>
      ((await api.client("GET", USERS + query)).body.data as { email: string }[]).map(({ email }) => email);
    expect(await names("")).toHaveLength(50);
    expect(await names("?limit=250")).toHaveLength(60);
    expect(await names("?limit=2&offset=59")).toEqual(["user59+test-client@example.com"]);
    expect(await names("?offset=250")).toEqual([]);
    expect((await api.client("GET", `${USERS}?offset=251`)).status).toBe(400);
  });

  test("addresses that make the same user name are a conflict without an id", async () => {
    const { api } = setUp();
    const create = async (email: string): Promise<[number, string?]> => {
      const { status, body } = await api.client("POST", USERS, { email, name: "A" });
      return status === 201 ? [201] : [status, body.error.code];
    };
    expect(await create("a@one.com")).toEqual([201]);
    expect(await create("A@One.com")).toEqual([409, "CONFLICT"]);
    expect(await create("a@one.com")).toEqual([409, "ConflictException"]);
    expect(await create("a@one.org")).toEqual([201]);
    expect(await create("a@x.co.uk")).toEqual([201]);
    expect(await create("a@x.co.jp")).toEqual([409, "CONFLICT"]);
  });

  test("a create with a lost response leaves the user behind", async () => {
    const { emulator, api } = setUp();
    emulator.inject({ method: "POST", path: USERS, effect: { status: 500 }, lost: true });
    const body = { email: "ada@example.com", name: "Ada" };
    expect((await api.client("POST", USERS, body)).status).toBe(500);
    const { status, body: conflict } = await api.client("POST", USERS, body);
    expect([status, conflict.error.message]).toEqual([
      409,
      `User with the provided e-mail already exists. Existing user ID=${emulator.users.list()[0]?.id}`,
    ]);
  });

  test("a user can change their own profile", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const changed = await api.user(ada.accessToken, "PATCH", "/me", {
      name: "Countess",
      timeZone: "europe/rome",
    });
    expect(changed.body.data).toMatchObject({ id: ada.id, name: "Countess", timeZone: "Europe/Rome" });
    expect(emulator.users.get(ada.id)).toMatchObject({
      name: "Countess",
      email: "ada+test-client@example.com",
    });
  });

  test("a user name is made of the local part and two labels of the domain", async () => {
    const { emulator } = setUp();
    const { username } = await emulator.users.create({ email: "ada.l@mail.example.com", name: "Ada" });
    expect(username).toBe("ada-l-test-client-mail-example");
  });

  test("a managed access token manages all users of the organization's clients", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const bob = await emulator.users.create({ email: "bob@example.com", name: "Bob" });
    const asAda = (method: string, path: string, body?: unknown) =>
      api.user(ada.accessToken, method, path, body);
    expect((await asAda("GET", USERS)).body.data).toHaveLength(2);
    expect((await asAda("POST", USERS, { email: "eve@example.com", name: "Eve" })).status).toBe(201);
    expect((await asAda("GET", `${USERS}/${bob.id}`)).body.data).toMatchObject({ id: bob.id });
    expect((await asAda("POST", `${USERS}/${bob.id}/force-refresh`)).status).toBe(200);
    expect((await asAda("GET", "/oauth-clients/second/users")).body.data).toEqual([]);
  });

  test("a bearer token gets 404 for an unknown client, and 403 for another organization's", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const unknown = await api.user(ada.accessToken, "GET", "/oauth-clients/nope/users");
    expect([unknown.status, unknown.body.error.message]).toEqual([
      404,
      "OAuthClientGuard - OAuth client not found.",
    ]);
    const foreign = await api.user(ada.accessToken, "GET", "/oauth-clients/foreign/users");
    expect([foreign.status, foreign.body.error.message]).toEqual([
      403,
      "OAuthClientGuard - forbidden. oAuth client with id=foreign does not belong to the organization with id=1.",
    ]);
    const { refreshToken } = ada;
    const refresh = await api.user(ada.accessToken, "POST", "/oauth/nope/refresh", { refreshToken });
    expect(refresh.status).toBe(400);
  });

  test("a garbage bearer beside the client's secret is 403 where a permission is required", async () => {
    const { emulator } = setUp();
    const call = async (path: string): Promise<[number, string?]> => {
      const headers = {
        Authorization: "Bearer garbage",
        "x-cal-client-id": "test-client",
        "x-cal-secret-key": "test-secret",
      };
      const response = await emulator.fetch(emulator.url + path, { headers });
      const body = (await response.json()) as { error?: { message: string } };
      return [response.status, ...(body.error ? [body.error.message] : [])] as [number, string?];
    };
    const message = "PermissionsGuard - no oAuth client found for access token=garbage";
    expect(await call("/me")).toEqual([403, message]);
    expect(await call("/calendars/google/check")).toEqual([403, message]);
    expect(await call("/calendars")).toEqual([200]);
  });

  test("a NUL in the profile is 500 and leaves the user behind, one in the address doesn't", async () => {
    const { emulator, api } = setUp();
    for (const body of [
      { email: "ada@example.com", name: "A\u0000" },
      { email: "bob@example.com", name: "Bob", bio: "\u0000" },
    ]) {
      expect((await api.client("POST", USERS, body)).status).toBe(500);
      const found = await api.client("GET", `${USERS}?emails=${body.email}`);
      expect(found.body.data).toHaveLength(1);
      expect((await api.client("POST", USERS, body)).status).toBe(409);
    }
    const body = { email: "e\u0000ve@example.com", name: "Eve" };
    expect((await api.client("POST", USERS, body)).status).toBe(500);
    expect(emulator.users.list()).toHaveLength(2);
  });

  test("an id of more than 32 bits is 500", async () => {
    const { api } = setUp();
    expect((await api.client("GET", `${USERS}/2147483647`)).status).toBe(404);
    expect((await api.client("GET", `${USERS}/2147483648`)).status).toBe(500);
    expect((await api.client("DELETE", `${USERS}/99999999999`)).status).toBe(500);
  });

  test("an address that is too long is 400", async () => {
    const { api } = setUp();
    const list = async (email: string) => (await api.client("GET", `${USERS}?emails=${email}`)).status;
    expect(await list(`${"a".repeat(64)}@example.com`)).toBe(200);
    expect(await list(`${"a".repeat(65)}@example.com`)).toBe(400);
    expect(await list(`${"a".repeat(9000)}@example.com`)).toBe(400);
  });

  test("letter case of the path doesn't matter, except in ids", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const response = await emulator.fetch(emulator.url.replace("/v2", "/V2/Calendars/"), {
      headers: { Authorization: `Bearer ${ada.accessToken}` },
    });
    expect(response.status).toBe(200);
    expect((await api.user(ada.accessToken, "GET", "/ME")).status).toBe(200);
    expect((await api.client("GET", "/OAUTH-CLIENTS/test-client/USERS")).status).toBe(200);
    expect((await api.client("GET", "/oauth-clients/Test-Client/users")).status).toBe(401);
    expect((await api.user(ada.accessToken, "GET", "/calendars/Google/check")).status).toBe(400);
  });

  test("users.delete also ends tokens and connections", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    emulator.calendars.connect(ada.id, "google", "alice");
    emulator.users.delete(ada.id);
    expect(emulator.users.list()).toEqual([]);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
    expect((await api.user(ada.accessToken, "GET", "/me")).status).toBe(401);
    expect(() => emulator.users.delete(ada.id)).toThrow("no managed user");
    expect(() => emulator.users.delete(1)).toThrow("no managed user");
  });
});
