import { randomBytes } from "node:crypto";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { encryptedTokenStore, type UnreadableUser, type UserSummary } from "../../../src/index.js";
import { memoryTokenStore } from "../../../src/index.js";
import { clientOf, createAda, createTestClient, rejection, tokensOf } from "../../support/client.js";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const key = randomBytes(32).toString("base64");
const hashOf = (userId: string) => createHash("sha256").update(userId).digest("hex").slice(0, 16);

describe("cal.users()", () => {
  test("says what the store knows of each user, without tokens and without a request", async () => {
    const test = createTestClient();
    const { ada, adaId } = await createAda(test);
    const { expiresAt } = await ada.accessToken();
    const sent = test.emulator.requests.length;
    const users = await all(test.cal.users());
    const record = (await test.store.get("ada"))!;
    expect(users).toEqual([
      {
        userId: "ada",
        userHash: hashOf("ada"),
        calAccount: { grant: "managed", calUserId: adaId },
        accessTokenExpiresAt: expiresAt,
        refreshTokenExpiresAt: record.calRefreshTokenExpiresAt,
        tokensIssuedAt: expect.any(Date),
        rotation: expect.any(Number),
        createdAt: record.createdAt,
        updatedAt: record.updatedAt,
      },
    ]);
    expect(JSON.stringify(users)).not.toMatch(/eyJ/);
    expect(test.emulator.requests).toHaveLength(sent);
    expect(await ada.summary()).toEqual(users[0]);
    expect(await test.cal.forUser("nobody").summary()).toBeNull();
  });

  test("tokensIssuedAt moves with a refresh", async () => {
    const test = createTestClient();
    const { ada } = await createAda(test);
    const before = (await ada.summary())!;
    test.emulator.clock.advance(50 * 60_000);
    await ada.accessToken({ minTtlMs: 40 * 60_000 });
    const after = (await ada.summary())!;
    expect(after.tokensIssuedAt!.getTime() - before.tokensIssuedAt!.getTime()).toBe(50 * 60_000);
    expect(after.rotation).toBe(before.rotation + 1);
  });

  test("a user's own account has its address, and whether it must be linked again", async () => {
    const { emulator } = createTestClient();
    const store = memoryTokenStore();
    const details = JSON.stringify({
      grant: "oauth",
      rotation: 1,
      email: "ada@own.example",
      reauthorization: { reason: "revoked", since: 1, tries: 1, triedAt: 1 },
    });
    await store.set(tokensOf("ada", { details }), { ifVersion: null });
    expect(await all(clientOf(emulator, store).users())).toMatchObject([
      {
        calAccount: { grant: "oauth", email: "ada@own.example", reauthorization: { reason: "revoked" } },
        tokensIssuedAt: null,
      },
    ]);
  });

  test("lists every user once, also more than a page, and continues after one", async () => {
    const { emulator } = createTestClient();
    const store = memoryTokenStore();
    const ids = Array.from({ length: 230 }, (_, n) => `user-${String(n).padStart(3, "0")}`);
    for (const [n, id] of ids.entries())
      await store.set(tokensOf(id, { calUserId: n + 1 }), { ifVersion: null });
    const cal = clientOf(emulator, store);
    const listed = (await all(cal.users())).map(({ userId }) => userId);
    expect(listed.toSorted()).toEqual(ids);
    const rest = (await all(cal.users({ after: listed[200] }))).map(({ userId }) => userId);
    expect(rest).toEqual(listed.slice(201));
  });

  test("a row that can't be read has its problem, and does not end the list", async () => {
    const { emulator } = createTestClient();
    const inner = memoryTokenStore();
    await encryptedTokenStore(inner, { keys: { k1: key } }).set(tokensOf("ada"), { ifVersion: null });
    await inner.set(tokensOf("bob", { calUserId: 2 }), { ifVersion: null });
    const other = encryptedTokenStore(inner, { keys: { k2: key } });
    const users = await all(clientOf(emulator, other).users());
    const byId = new Map(users.map((user) => [user.userId, user]));
    expect((byId.get("ada") as UnreadableUser).problem).toMatchObject({ code: "store_error" });
    expect((byId.get("bob") as UserSummary).calAccount.calUserId).toBe(2);
  });

  test("a store without list() is named as the reason", async () => {
    const { emulator } = createTestClient();
    const { list: _, ...store } = memoryTokenStore();
    const cal = clientOf(emulator, store);
    expect(await rejection(all(cal.users()))).toMatchObject({ code: "store_error" });
  });
});
