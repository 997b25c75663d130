import { describe, expect, test } from "vitest";
import {
  CalClient,
  encryptedTokenStore,
  memoryTokenStore,
  reencryptTokens,
  type TokenStore,
  type TokenWrite,
} from "../../src/index.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { clientOf, rejection } from "../support/client.js";
import { editRow } from "../support/edit-row.js";
import { connectGoogle, createApp } from "../support/handlers-app.js";
import { testKeys } from "../support/keys.js";

// What an attacker wants who can write to the token table (an SQL injection, a stolen database role), and has no
// encryption key. Mallory is a user of the application too.

const input = (name: string) => ({ email: `${name}@example.com`, name, timeZone: "Europe/London" });

interface Wrapping {
  name: string;
  wrap: (table: TokenStore) => TokenStore;
}

const wrappings: Wrapping[] = [
  { name: "without encryption", wrap: (table) => table },
  { name: "with encryption", wrap: (table) => encryptedTokenStore(table, { keys: testKeys }) },
  {
    name: "with encryption and allowUnencrypted: false",
    wrap: (table) => encryptedTokenStore(table, { keys: testKeys, allowUnencrypted: false }),
  },
];

/** Ada with a calendar, and Mallory with none. */
async function createVictim({ wrap }: Wrapping) {
  const emulator = createCalEmulator();
  const table = memoryTokenStore({ now: emulator.clock.now });
  const options = { retry: { limit: 0 } };
  const server = () => clientOf(emulator, wrap(table), options);
  const cal = server();
  await cal.ensureUser("ada", input("ada"));
  await cal.ensureUser("mallory", input("mallory"));
  const [ada, mallory] = [(await table.get("ada"))!, (await table.get("mallory"))!];
  emulator.calendars.connect(ada.calUserId, "google", "alice@gmail.example");
  return { emulator, table, server, ada, mallory };
}

type Victim = Awaited<ReturnType<typeof createVictim>>;

const forgedJwt = (ownerId: number): string => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode({ ownerId, expiresAt: Date.now() - 1 })}.x`;
};

/** What Mallory's row is made to say. The unique index makes the attacker remove Ada's row first. */
const edits: Record<string, (victim: Victim) => Partial<TokenWrite>> = {
  "the victim's Cal.com user": () => ({}),
  "... and no refresh token": () => ({ calRefreshToken: null }),
  "... and an expired token": () => ({ calAccessTokenExpiresAt: new Date(0), calRefreshToken: null }),
  "... and a token that says nothing of itself": () => ({
    calAccessToken: "x",
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
  }),
  "... and no details": () => ({
    calAccessToken: "x",
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
    details: null,
  }),
  "... and details that say it is owned": () => ({
    calAccessToken: "x",
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
    details: JSON.stringify({ grant: "managed", rotation: 9, isOwned: true }),
  }),
  "... and a token that claims to be the victim's": ({ ada }) => ({
    calAccessToken: forgedJwt(ada.calUserId),
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
    details: null,
  }),
};

describe.each(wrappings)(
  "$name: wants the victim's calendar, by a row that was changed to name",
  (wrapping) => {
    test.each(Object.entries(edits))("%s", async (_, edit) => {
      const victim = await createVictim(wrapping);
      const { emulator, table, server, ada } = victim;
      await table.delete("ada");
      await editRow(table, "mallory", { ...edit(victim), calUserId: ada.calUserId });
      const cal = server();
      const mallory = cal.forUser("mallory");
      const calls = [
        () => mallory.calendars.list(),
        () => mallory.accessToken(),
        () => mallory.calendars.connectUrl("google", { returnUrl: "https://app.example/" }),
        () => mallory.calendars.disconnect("google"),
        () => mallory.update({ name: "Mallory" }),
        () => cal.reassignUser("mallory", "trudy"),
        () => mallory.delete(),
      ];
      for (const call of calls) {
        expect((await rejection(call())) as { code: string }).toMatchObject({
          code: expect.stringMatching(/^(store_error|cal_user_in_use)$/),
        });
      }
      expect(emulator.count({ path: /force-refresh$/ }), "her tokens were not ended").toBe(0);
      expect(emulator.users.get(ada.calUserId)?.name).toBe("ada");
      expect(emulator.calendars.credentials(ada.calUserId)).toHaveLength(1);
    });
  },
);

describe.each(wrappings)("$name: wants the victim's managed user deleted", (wrapping) => {
  test("by a row that names it as the managed user from before an account was linked", async () => {
    const { emulator, table, server, ada } = await createVictim(wrapping);
    const details = { grant: "managed", rotation: 1, isOwned: true, previousCalUserId: ada.calUserId };
    await editRow(table, "mallory", { details: JSON.stringify(details) });
    // The managed user is another user's: the call removes only the entry in Mallory's row, or refuses the edited row.
    const outcome = await server()
      .forUser("mallory")
      .deletePreviousManagedUser()
      .then(
        () => "nothing deleted",
        (error: unknown) => (error as { code: string }).code,
      );
    expect(["nothing deleted", "store_error", "cal_user_in_use"]).toContain(outcome);
    expect(emulator.users.get(ada.calUserId)).toBeDefined();
  });
});

describe.each(wrappings.slice(1))("$name: wants the victim's tokens in a row of their own", (wrapping) => {
  test("by a copy of the victim's row", async () => {
    const { table, server, ada } = await createVictim(wrapping);
    await table.delete("ada");
    const { userId, version, createdAt, updatedAt, ...copy } = ada;
    await editRow(table, "mallory", copy);
    expect(await rejection(server().forUser("mallory").calendars.list())).toMatchObject({
      code: "store_error",
    });
  });

  test("by a value that was moved to another column", async () => {
    const { table, server, ada } = await createVictim(wrapping);
    await editRow(table, "ada", { calAccessToken: ada.calRefreshToken! });
    expect(await rejection(server().forUser("ada").calendars.list())).toMatchObject({ code: "store_error" });
  });

  test("by an older row of the same user: it works for no other user", async () => {
    const { emulator, table, server, ada, mallory } = await createVictim(wrapping);
    emulator.clock.advance(60 * 60_000);
    const cal = server();
    await cal.forUser("mallory").calendars.list();
    await editRow(table, "mallory", { ...mallory });
    const { connectedCalendars } = await server().forUser("mallory").calendars.list();
    expect(connectedCalendars).toEqual([]);
    expect(emulator.calendars.credentials(ada.calUserId)).toHaveLength(1);
  });
});

test("wants a row to be bound to the victim's Cal.com user, by reencryptTokens()", async () => {
  const plain = wrappings[0]!;
  const { table, ada } = await createVictim(plain);
  await table.delete("ada");
  await editRow(table, "mallory", { calUserId: ada.calUserId, calAccessToken: "x", calRefreshToken: null });
  const failures: string[] = [];
  const { failed, reencrypted } = await reencryptTokens(table, {
    keys: testKeys,
    onFailure: (userId) => void failures.push(userId),
  });
  expect([failed, reencrypted, failures]).toEqual([1, 0, ["mallory"]]);
  // A row that claims to be the victim's in all its parts is bound, and the owner hash at Cal.com refuses it.
  await editRow(table, "mallory", { calAccessToken: forgedJwt(ada.calUserId), details: null });
  expect(await reencryptTokens(table, { keys: testKeys })).toMatchObject({ reencrypted: 1 });
});

test("the owner hash decides also when the row is bound to the victim's Cal.com user", async () => {
  const { emulator, table, ada } = await createVictim(wrappings[0]!);
  await table.delete("ada");
  await editRow(table, "mallory", {
    calUserId: ada.calUserId,
    calAccessToken: forgedJwt(ada.calUserId),
    calAccessTokenExpiresAt: new Date(0),
    calRefreshToken: null,
    details: null,
  });
  await reencryptTokens(table, { keys: testKeys });
  const tokenStore = encryptedTokenStore(table, { keys: testKeys, allowUnencrypted: false });
  const cal: CalClient = clientOf(emulator, tokenStore, { retry: { limit: 0 } });
  expect(await rejection(cal.forUser("mallory").calendars.list())).toMatchObject({ code: "cal_user_in_use" });
  expect(emulator.count({ path: /force-refresh$/ })).toBe(0);
});

test("who reads the table without encryption gets the users' tokens, and neither the client's secret nor a provider's token", async () => {
  const app = createApp();
  await connectGoogle(app, "ada");
  const row = JSON.stringify(await app.tokenStore.get("ada"));
  expect(row).toContain((await app.cal.forUser("ada").accessToken()).accessToken);
  expect(row).not.toContain(app.emulator.clientSecret);
  // Nothing else that could hold a secret.
  expect(Object.keys(JSON.parse(row) as object).sort()).toEqual([
    "calAccessToken",
    "calAccessTokenExpiresAt",
    "calRefreshToken",
    "calRefreshTokenExpiresAt",
    "calServer",
    "calUserId",
    "createdAt",
    "details",
    "updatedAt",
    "userId",
    "version",
  ]);
});
