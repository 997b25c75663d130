import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

const USERS = "/oauth-clients/test-client/users";

function setUp() {
  const emulator = createCalEmulator({ clients: [{ id: "second", secret: "second-secret" }] });
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
    expect(await create("a@one.org")).toEqual([409, "CONFLICT"]);
    expect(await create("a@one.com")).toEqual([409, "ConflictException"]);
    expect(await create("a@two.com")).toEqual([201]);
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

  test("a managed user can't manage other users", async () => {
    const { emulator, api } = setUp();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    expect((await api.user(ada.accessToken, "GET", USERS)).status).toBe(403);
    expect((await api.user(ada.accessToken, "POST", `${USERS}/${ada.id}/force-refresh`)).status).toBe(403);
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
