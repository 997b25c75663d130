import { expect, test } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { clientOf, createAda, createTestClient } from "../../support/client.js";
import { createOAuthClient, link } from "../../support/oauth-client.js";

const MINUTE_MS = 60_000;
const MINUTES = 600;

/**
 * Watches the order of requests: a call has waited for a refresh if its own request was sent after the refresh's
 * response. With `isHeld`, no refresh is sent before the call is done: a call that waited for one would never end.
 */
function watchRefreshes(inner: typeof fetch, isHeld: boolean) {
  let gate = Promise.resolve();
  let isRefreshed = false;
  let hasWaited = false;
  return {
    fetch: (async (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!/\/(refresh|oauth2\/token)$/.test(url)) {
        hasWaited ||= isRefreshed;
        return inner(input, init);
      }
      await gate;
      const response = await inner(input, init);
      isRefreshed = true;
      return response;
    }) satisfies typeof fetch,
    /** Makes a call. Returns whether it waited for a refresh. */
    async waits(call: () => Promise<unknown>): Promise<boolean> {
      isRefreshed = hasWaited = false;
      let open = (): void => undefined;
      if (isHeld) gate = new Promise((resolve) => (open = resolve));
      await call();
      open();
      return hasWaited;
    },
  };
}

interface Traffic {
  user: CalUser;
  watch: ReturnType<typeof watchRefreshes>;
  background: Promise<unknown>[];
  advance: (ms: number) => void;
  refreshes: () => number;
}

const grants: Record<string, (refreshAheadMs: number) => Promise<Traffic>> = {
  "managed users": async (refreshAheadMs) => {
    const world = createTestClient();
    const { emulator, store } = world;
    await createAda(world);
    const watch = watchRefreshes(emulator.fetch, refreshAheadMs > 0);
    const background: Promise<unknown>[] = [];
    const waitUntil = (work: Promise<unknown>) => void background.push(work);
    const cal = clientOf(emulator, store, { refreshAheadMs, fetch: watch.fetch, waitUntil });
    const refreshes = () => emulator.requests.filter(({ path }) => path.endsWith("/refresh")).length;
    return { user: cal.forUser("ada"), watch, background, advance: emulator.clock.advance, refreshes };
  },
  "OAuth 2": async (refreshAheadMs) => {
    const world = createOAuthClient();
    const { emulator } = world;
    await link(world);
    const watch = watchRefreshes(emulator.fetch, refreshAheadMs > 0);
    const background: Promise<unknown>[] = [];
    const waitUntil = (work: Promise<unknown>) => void background.push(work);
    const cal = world.another({ refreshAheadMs, fetch: watch.fetch, waitUntil });
    const refreshes = () => emulator.count({ grantType: "refresh_token" });
    return { user: cal.forUser("ada"), watch, background, advance: emulator.clock.advance, refreshes };
  },
};

/** A call every minute for ten hours. Returns how many of them waited for a refresh. */
async function drive({ user, watch, background, advance }: Traffic): Promise<number> {
  let waits = 0;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    if (await watch.waits(() => user.profile())) waits += 1;
    // What runs in the background ends.
    await Promise.all(background.splice(0));
    advance(MINUTE_MS);
  }
  return waits;
}

test.each([
  // A token of an hour is refreshed with 8 to 10 minutes left, one of half an hour as well.
  ["managed users", 11, 12],
  ["OAuth 2", 26, 31],
])(
  "%s: no call waits for a refresh in ten hours of steady traffic, and none fails",
  async (grant, least, most) => {
    const traffic = await grants[grant]!(10 * MINUTE_MS);
    expect(await drive(traffic)).toBe(0);
    expect(traffic.refreshes()).toBeGreaterThanOrEqual(least);
    expect(traffic.refreshes()).toBeLessThanOrEqual(most);
  },
);

test.each(Object.keys(grants))(
  "%s: without the refresh ahead one call waits for each refresh",
  async (grant) => {
    const traffic = await grants[grant]!(0);
    expect(await drive(traffic)).toBe(traffic.refreshes());
    expect(traffic.refreshes()).toBeGreaterThan(0);
  },
);
