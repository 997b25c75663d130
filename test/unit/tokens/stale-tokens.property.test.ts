import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryTokenStore, type CalClient, type TokenStore } from "../../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { clientOf } from "../../support/client.js";

// Several servers, each with tokens of its own in its cache, and a store with others: some of them work, some were
// ended elsewhere. A call may need several steps (its own token, the store's, a refresh, a recovery), and must not end
// at a token that was only found.

type Token = "none" | "live" | "expired" | "revoked";
const token = fc.constantFrom<Token>("none", "live", "expired", "revoked");

const worlds = fc.record({
  /** What each server has in its cache; `none`: an empty cache. */
  caches: fc.array(token, { minLength: 2, maxLength: 4 }),
  /** Which pair each cache and the store has: a lower number was issued earlier. */
  ages: fc.array(fc.nat({ max: 5 }), { minLength: 5, maxLength: 5 }),
  stored: fc.constantFrom<Token>("live", "expired", "revoked"),
  /** Whether Cal.com accepts the stored refresh token. */
  isRefreshable: fc.boolean(),
  /** The servers that call, one after the other or all at once. */
  calls: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 }),
  atOnce: fc.boolean(),
  isEncrypted: fc.boolean(),
});

interface Pair {
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
}

/** The user's record with this pair. */
async function write(store: TokenStore, pair: Pair, rotation: number): Promise<void> {
  const { version, createdAt, updatedAt, ...record } = (await store.get("ada"))!;
  const details = JSON.stringify({ grant: "managed", rotation, isOwned: true });
  const change = {
    calAccessToken: pair.accessToken,
    // Not known: only Cal.com says that it has expired.
    calAccessTokenExpiresAt: null,
    calRefreshToken: pair.refreshToken,
    details,
  };
  await store.set({ ...record, ...change }, { ifVersion: version });
}

/** A pair in this state, as far as Cal.com's database is concerned. */
async function issue(emulator: CalEmulator, id: number, state: Token): Promise<Pair> {
  const pair = await emulator.users.issueTokens(id);
  if (state === "expired") emulator.users.expireAccessTokens(id);
  if (state === "revoked") emulator.users.revokeTokens(id);
  return pair;
}

async function createServers(world: typeof worlds extends fc.Arbitrary<infer W> ? W : never) {
  const emulator = createCalEmulator();
  const store = memoryTokenStore({ now: emulator.clock.now });
  const input = { email: "ada@example.com", name: "Ada" };
  await clientOf(emulator, store).ensureUser("ada", input);
  const id = (await store.get("ada"))!.calUserId;
  const { ages, caches, stored } = world;
  const wanted = [...caches, stored].map((state, index) => ({ state, index, age: ages[index] ?? 0 }));
  // What ends tokens at Cal.com ends all older ones: those that are to work are issued last.
  const order = { revoked: 0, none: 0, expired: 1, live: 2 };
  wanted.sort((a, b) => order[a.state] - order[b.state] || a.age - b.age);
  const servers: CalClient[] = caches.map(() => clientOf(emulator, store, { retry: { limit: 0 } }));
  let storedPair: Pair | undefined;
  for (const [rotation, { state, index }] of wanted.entries()) {
    const server = servers[index];
    if (state === "none") continue;
    const pair = await issue(emulator, id, state);
    if (!server) {
      storedPair = pair;
      continue;
    }
    await write(store, pair, rotation + 1);
    // Reads the store and keeps it in the cache, without a request.
    await server.forUser("ada").accessToken();
  }
  await write(store, storedPair!, wanted.findIndex(({ index }) => index === caches.length) + 1);
  if (!world.isRefreshable) {
    const { version, createdAt, updatedAt, ...record } = (await store.get("ada"))!;
    await store.set({ ...record, calRefreshToken: "not-a-refresh-token" }, { ifVersion: version });
  }
  return { emulator, store, servers, id };
}

test("no call fails that a refresh can save, and each needs one refresh and one recovery at most", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const { emulator, store, servers, id } = await createServers(world);
      const used = () => ({
        refreshes: emulator.count({ path: /\/refresh$/ }),
        recoveries: emulator.count({ path: /\/force-refresh$/ }),
      });
      const before = used();
      const callers = world.calls.map((call) => servers[call % servers.length]!);
      const call = async (cal: CalClient) => (await cal.forUser("ada").profile()).id;
      if (world.atOnce) {
        const found = await Promise.all(callers.map(call));
        expect(new Set(found)).toEqual(new Set([id]));
      } else {
        for (const cal of callers) {
          const start = used();
          expect(await call(cal)).toBe(id);
          const end = used();
          expect(end.refreshes - start.refreshes).toBeLessThanOrEqual(1);
          expect(end.recoveries - start.recoveries).toBeLessThanOrEqual(1);
        }
      }
      const after = used();
      // The store had one pair that could be replaced; whatever the caches held was found out on the way.
      expect(after.refreshes - before.refreshes).toBeLessThanOrEqual(callers.length);
      expect(after.recoveries - before.recoveries).toBeLessThanOrEqual(1);
      const record = await store.get("ada");
      if (after.recoveries > before.recoveries) {
        expect(emulator.users.tokens(id).accessTokens).toContain(record!.calAccessToken);
      }
    }),
    { numRuns: 1_000 },
  );
}, 120_000);
