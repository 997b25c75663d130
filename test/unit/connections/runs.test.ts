import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryConnectionStore, type ConnectionStore } from "../../../src/index.js";
import { clientOf, createAda, rejection } from "../../support/client.js";
import {
  adaWithGoogle,
  createConnectionsWorld,
  DAY,
  HOUR,
  inShort,
  MINUTE,
  type ConnectionsWorld,
} from "../../support/connections-world.js";

afterEach(() => void vi.useRealTimers());

async function addUsers({ cal, connections }: ConnectionsWorld, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await cal.ensureUser(`user-${n}`, { email: `user-${n}@example.com`, name: "User" });
  }
  await expect.poll(() => connections.get(`user-${count - 1}`)).not.toBeNull();
}

describe("how fast a run is", () => {
  test("a slow run keeps no users that another process could check", async () => {
    const world = createConnectionsWorld();
    await addUsers(world, 5);
    const stop = new AbortController();
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const slow = world.cal.checkConnections({ maxPerMinute: 1, signal: stop.signal, onProgress: begun });
    await hasBegun;
    const other = clientOf(world.emulator, world.store, { connectionStore: world.connections });
    expect(await other.checkConnections({ maxPerMinute: Infinity })).toMatchObject({
      checked: 4,
      done: true,
    });
    stop.abort();
    expect(await slow).toMatchObject({ checked: 1 });
  });

  test("a slow run for which no user is due returns at once", async () => {
    const world = createConnectionsWorld();
    expect(await world.cal.checkConnections({ maxPerMinute: 0.01 })).toMatchObject({
      checked: 0,
      done: true,
    });
    await addUsers(world, 1);
    const result = await world.cal.checkConnections({ maxPerMinute: 3, limit: 1 });
    expect(result).toMatchObject({ checked: 1 });
  });

  test("waits while little of Cal.com's rate limit is left, and claims no user meanwhile", async () => {
    const world = createConnectionsWorld();
    await addUsers(world, 1);
    const busy = clientOf(world.emulator, world.store, {
      connectionStore: world.connections,
      fetch: async (...request) => {
        const response = await world.emulator.fetch(...request);
        const headers = new Headers(response.headers);
        headers.set("X-RateLimit-Remaining-Default", "10");
        headers.set("X-RateLimit-Reset-Default", "30");
        return new Response(response.body, { status: response.status, headers });
      },
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { calUserId } = (await world.store.get("user-0"))!;
    await busy.managedUsers.get(calUserId);
    const run = busy.checkConnections();
    await vi.advanceTimersByTimeAsync(29_000);
    expect((await world.connections.get("user-0"))!.details).toBeNull();
    expect((await world.connections.get("user-0"))!.dueAt.getTime()).toBeLessThanOrEqual(
      world.emulator.clock.now(),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await run).toMatchObject({ checked: 1, done: true });
  });
});

describe("the end of a run", () => {
  /** A client whose lists of calendars never come. */
  function stuck({ emulator, store, connections }: ConnectionsWorld) {
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const cal = clientOf(emulator, store, {
      connectionStore: connections,
      fetch: (input, init) => {
        const { url } = new Request(input, init);
        if (!url.endsWith("/calendars")) return emulator.fetch(input, init);
        begun();
        return new Promise((_, reject) => {
          init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
        });
      },
    });
    return { cal, hasBegun };
  }

  test("a check that Cal.com does not end is given up after the grace time; the user is due at once", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    world.emulator.clock.advance(30 * HOUR);
    const { cal, hasBegun } = stuck(world);
    const stop = new AbortController();
    const run = cal.checkConnections({ signal: stop.signal, graceMs: 0 });
    await hasBegun;
    stop.abort();
    expect(await run).toEqual({
      checked: 0,
      changed: 0,
      notified: 0,
      failed: 0,
      unavailable: {},
      done: false,
    });
    expect(await world.run()).toMatchObject({ checked: 1, failed: 0 });
    expect(world.told).toEqual([]);
  });

  test("no more changes are reported after the grace time; the next run reports them", async () => {
    const stop = new AbortController();
    const told: string[] = [];
    const world = createConnectionsWorld({
      hooks: {
        onConnectionChange: async ({ id }) => {
          told.push(id);
          stop.abort();
          await new Promise((resolve) => setTimeout(resolve, 20));
        },
      },
    });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.addAccount("google", "home@gmail.example");
    world.emulator.calendars.connect(adaId, "google", "home@gmail.example");
    await world.cal.checkConnection("ada");
    world.emulator.provider.revoke({ userId: adaId });
    world.emulator.clock.advance(30 * HOUR);
    const result = await world.cal.checkConnections({ signal: stop.signal, graceMs: 0 });
    expect(result).toMatchObject({ checked: 1, changed: 2, notified: 1 });
    expect(told).toHaveLength(1);
    world.emulator.clock.advance(20 * MINUTE);
    expect(await world.run()).toMatchObject({ notified: 1 });
    expect(new Set(told).size).toBe(2);
    expect(told).toHaveLength(2);
  });

  test("a grace time that is no number is refused", async () => {
    const world = createConnectionsWorld();
    for (const graceMs of [-1, Number.NaN, "5" as never]) {
      expect(await rejection(world.cal.checkConnections({ graceMs }))).toMatchObject({
        code: "invalid_input",
      });
    }
  });
});

describe("a process without the hook", () => {
  test("what a command finds is reported by the application within 20 minutes", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    const command = clientOf(world.emulator, world.store, { connectionStore: world.connections });
    world.emulator.provider.revoke({ userId: adaId });
    await command.checkConnection("ada");
    await world.pass(20 * MINUTE);
    expect(inShort(world.told)).toEqual(["google connected broken revoked"]);
  });

  test("an application without it checks a user with a broken calendar every six hours", async () => {
    const world = createConnectionsWorld({ hooks: {} });
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    await world.cal.checkConnection("ada");
    await world.pass(20 * MINUTE);
    let checked = 0;
    for (let hour = 0; hour < 24; hour += 1) {
      world.emulator.clock.advance(HOUR);
      checked += (await world.run()).checked;
    }
    expect(checked).toBe(4);
  });
});

describe("a user who leaves, or has another id", () => {
  /** A store that takes its time, as a database does. */
  function slowStore(now: () => number): ConnectionStore {
    const store = memoryConnectionStore({ now });
    return {
      ...store,
      delete: async (userId) => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        await store.delete(userId);
      },
    };
  }

  test("when delete() resolves, nothing is remembered of the user's connections", async () => {
    const connectionStore = slowStore(() => world.emulator.clock.now());
    const world: ConnectionsWorld = createConnectionsWorld({ connectionStore });
    const { ada } = await adaWithGoogle(world);
    await ada.delete();
    expect(await world.connections.get("ada")).toBeNull();
  });

  test("delete() rejects if the connection store fails, and can be called again", async () => {
    const store = memoryConnectionStore();
    let isDown = false;
    const world = createConnectionsWorld({
      connectionStore: {
        ...store,
        delete: (userId) => (isDown ? Promise.reject(new Error("down")) : store.delete(userId)),
      },
    });
    const { ada } = await createAda(world);
    await world.cal.checkConnection("ada");
    isDown = true;
    expect(await rejection(ada.delete())).toMatchObject({ code: "store_error" });
    isDown = false;
    await ada.delete();
    expect(await store.get("ada")).toBeNull();
  });

  test("the person's new id gets what was not reported yet, and what is known", async () => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    const command = clientOf(world.emulator, world.store, { connectionStore: world.connections });
    world.emulator.provider.revoke({ userId: adaId });
    const { changes } = await command.checkConnection("ada");
    await world.cal.reassignUser("ada", "countess");
    expect(await world.connections.get("ada")).toBeNull();
    await world.pass(5 * MINUTE);
    expect(world.told).toEqual([{ ...changes[0], userId: "countess" }]);
    world.emulator.provider.restore({ userId: adaId });
    await world.pass(DAY, HOUR);
    expect(inShort(world.told).at(-1)).toBe("google broken connected");
  });
});
