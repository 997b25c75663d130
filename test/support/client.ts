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

/** A client and an emulator of its own, with the same clock. */
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

/** Another client of the emulator. With the same store, it is like another process. */
export function clientOf(
  emulator: CalEmulator,
  store: TokenStore,
  options: TestClientOptions = {},
): CalClient {
  return new CalClient({
    ...emulator.clientOptions,
    now: emulator.clock.now,
    ...options,
    tokenStore: store,
  });
}

/** Creates Ada and her managed user. Returns the id of the managed user as well. */
export async function createAda(client: TestClient): Promise<{ ada: CalUser; adaId: number }> {
  const ada = await client.cal.ensureUser("ada", {
    email: "ada@example.com",
    name: "Ada",
    timeZone: "Europe/London",
  });
  const record = await client.store.get("ada");
  return { ada, adaId: record!.calUserId };
}

/** A record whose access token is valid for an hour. */
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

/** A store with Ada's record, so that a call for her sends no other request. */
export async function storeOfAda(record: Partial<TokenWrite> = {}): Promise<TokenStore> {
  const store = memoryTokenStore();
  await store.set(tokensOf("ada", record), { ifVersion: null });
  return store;
}

/** Returns the error that the promise rejects with or the function throws. Throws if there is none. */
export async function rejection(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error("The call resolved instead of rejecting.");
}

/** Fakes the timers and the date, but not the functions that the runtime itself needs, such as setImmediate. */
export function useFakeTimers(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
    now: new Date("2027-01-04T09:00:30Z"),
  });
}

/** Advances the fake time until the promise settles, from timer to timer or in steps of `stepMs`. Returns the promise. */
export async function turnUntil<T>(promise: Promise<T>, stepMs?: number): Promise<T> {
  let settled = false;
  const isSettled = (): boolean => settled;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  while (!isSettled()) {
    // First all work that needs no timer, however busy the machine is.
    for (let turns = 0; turns < 5 && !isSettled(); turns += 1) {
      await new Promise(setImmediate);
      await cryptoIsDone();
    }
    if (isSettled()) break;
    await (stepMs === undefined ? vi.advanceTimersToNextTimerAsync() : vi.advanceTimersByTimeAsync(stepMs));
  }
  return promise;
}

/** Other threads compute hashes and signatures, in order. When these have ended, all earlier ones have ended. */
async function cryptoIsDone(): Promise<void> {
  const hash = () => crypto.subtle.digest("SHA-256", new Uint8Array(1));
  await Promise.all([hash(), hash(), hash(), hash()]);
}
