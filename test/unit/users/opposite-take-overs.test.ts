import { afterEach, expect, test, vi } from "vitest";
import { memoryTokenStore } from "../../../src/index.js";
import { authorize, createOAuthClient, isTokenRequest, link } from "../../support/oauth-client.js";

afterEach(() => void vi.useRealTimers());

test("two users who take each other's account at the same time: one gets it within seconds, the other one can start again", async () => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const world = createOAuthClient({ now: Date.now, tokenStore: memoryTokenStore() });
  world.emulator.clock.set(Date.now());
  await link(world, "user-1", "ada");
  await link(world, "user-2", "grace");
  let exchanged = 0;
  let goOn = (): void => undefined;
  const both = new Promise<void>((resolve) => (goOn = resolve));
  const processes = [0, 1].map(() =>
    world.another({
      fetch: async (input, init) => {
        const response = await world.emulator.fetch(input, init);
        if (isTokenRequest(input)) {
          exchanged += 1;
          if (exchanged === 2) goOn();
          await both;
        }
        return response;
      },
    }),
  );
  const takeOver = { replace: true, takeOver: true };
  const grants = [await authorize(world, "grace"), await authorize(world, "ada")];
  const startedAt = Date.now();
  const endedAfterMs: number[] = [];
  const links = ["user-1", "user-2"].map((userId, n) =>
    processes[n]!.oauth.link(userId, grants[n]!, takeOver)
      .then(
        () => "linked",
        (error: unknown) => (error as { code: string }).code,
      )
      .finally(() => endedAfterMs.push(Date.now() - startedAt)),
  );
  await both;
  for (let seconds = 0; seconds < 120 && endedAfterMs.length < 2; seconds += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
  }
  expect((await Promise.all(links)).sort()).toEqual(["linked", "timeout"]);
  expect(Math.max(...endedAfterMs)).toBeLessThan(30_000);
  expect(await world.store.get("user-1")).toMatchObject({ calUserId: world.graceAtCal.id });
  expect(await world.store.get("user-2")).toBeNull();
});
