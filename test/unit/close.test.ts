import { expect, test, vi } from "vitest";
import { memoryConnectionStore } from "../../src/index.js";
import { createAda, createTestClient, rejection } from "../support/client.js";
import { deferred } from "../support/deferred.js";

test("close() starts no refresh from the moment it is called, and the user who is being created gets tokens", async () => {
  const client = createTestClient();
  const { cal, emulator, store } = client;
  const { ada, adaId } = await createAda(client);
  emulator.users.expireAccessTokens(adaId);
  const creation = emulator.inject({ method: "POST", path: /\/users$/, effect: { delayMs: 50 } });
  const creating = cal.ensureUser("grace", { email: "grace@example.com", name: "Grace" });
  await vi.waitFor(() => expect(creation.hits).toBe(1));

  const closing = cal.close();
  expect(await rejection(ada.profile())).toMatchObject({ code: "client_closed" });
  expect(emulator.count({ method: "POST", path: /\/refresh$/ })).toBe(0);
  expect(await store.get("grace")).toBeNull();
  await closing;
  expect(await store.get("grace")).toMatchObject({ calAccessToken: expect.any(String) });
  await creating;
});

test("close() waits until what a call saw of a user's connections is in the connection store", async () => {
  const connectionStore = memoryConnectionStore();
  const database = deferred();
  const written: string[] = [];
  connectionStore.makeDue = async (userId) => {
    await database.promise;
    written.push(userId);
  };
  const client = createTestClient({ connectionStore });
  await createAda(client);
  setTimeout(database.resolve, 50);
  await client.cal.close();
  expect(written).toEqual(["ada"]);
});
