import type { TestClientOptions } from "./client-options.js";
import { calUserIdOf } from "./cal-user-id.js";
import { vi } from "vitest";
import {
  CalClient,
  memoryTokenStore,
  type CalUser,
  type TokenStore,
  type TokenWrite,
} from "../../src/index.js";
import { createCalEmulator, type CalEmulator, type CalEmulatorOptions } from "../../src/testing/index.js";

/** A client against an emulator of its own, both on one clock. */
export interface TestClient {
  emulator: CalEmulator;
  store: TokenStore;
  cal: CalClient;
}

export function createTestClient(
  options: TestClientOptions = {},
  emulatorOptions: CalEmulatorOptions = {},
): TestClient {
  const emulator = createCalEmulator(emulatorOptions);
  const store = options.tokenStore ?? memoryTokenStore({ now: emulator.clock.now });
  return { emulator, store, cal: clientOf(emulator, store, options) };
}

/** One more client of the same emulator: another process, if it is given the same store. */
export function clientOf(
  emulator: CalEmulator,
  store: TokenStore,
  options: TestClientOptions = {},
): CalClient {
  return new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    now: emulator.clock.now,
    ...options,
    tokenStore: store,
  });
}

/** Ada, with a managed user; and what the emulator calls it. */
export async function createAda(client: TestClient): Promise<{ ada: CalUser; adaId: number }> {
  const ada = await client.cal.ensureUser("ada", {
    email: "ada@example.com",
    name: "Ada",
    timeZone: "Europe/London",
  });
  const record = await client.store.get("ada");
  return { ada, adaId: record!.calUserId };
}

/** A record whose access token lives for an hour. */
export function tokensOf(userId: string, record: Partial<TokenWrite> = {}): TokenWrite {
  return {
    userId,
    calUserId: calUserIdOf(userId),
    calServer: "",
    details: null,
    calAccessToken: "stored-access-token",
    calAccessTokenExpiresAt: new Date(Date.now() + 60 * 60_000),
    calRefreshToken: "stored-refresh-token",
    calRefreshTokenExpiresAt: null,
    ...record,
  };
}

/** A store that knows Ada already, so that a call for her makes no other request. */
export async function storeOfAda(record: Partial<TokenWrite> = {}): Promise<TokenStore> {
  const store = memoryTokenStore();
  await store.set(tokensOf("ada", record), { ifVersion: null });
  return store;
}

/** What the promise rejects with, or the function throws. Fails if there is nothing of the kind. */
export async function rejection(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error("It was expected to reject, and it resolved.");
}

/** Fakes the timers and the date, and leaves alone what the runtime itself runs on. */
export function useFakeTimers(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
    now: new Date("2027-01-04T09:00:30Z"),
  });
}

/** Turns the faked time in small steps until the promise has an outcome, which it answers. */
export async function turnUntil<T>(promise: Promise<T>, stepMs = 25): Promise<T> {
  const outcome = { isThere: false };
  const settle = (): void => void (outcome.isThere = true);
  promise.then(settle, settle);
  while (!outcome.isThere) {
    // Whatever needs no timer goes first, however busy the machine is.
    for (let turns = 0; turns < 5; turns += 1) {
      await new Promise(setImmediate);
      await cryptoIsDone();
    }
    await vi.advanceTimersByTimeAsync(stepMs);
  }
  return promise;
}

/** Hashes and signatures are made by other threads, in order: what was asked for before these is done with them. */
async function cryptoIsDone(): Promise<void> {
  const hash = () => crypto.subtle.digest("SHA-256", new Uint8Array(1));
  await Promise.all([hash(), hash(), hash(), hash()]);
}
