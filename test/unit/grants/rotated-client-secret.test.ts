import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { authorize, createOAuthClient, link } from "../../support/oauth-client.js";
import { rejection, useFakeTimers } from "../../support/client.js";

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

// A client whose secret comes from a function, and what it returns now.
function world() {
  let secret = "app-secret";
  const created = createOAuthClient({ oauth: { clientSecret: () => Promise.resolve(secret) } });
  return { ...created, setSecret: (next: string) => void (secret = next) };
}

test("a secret that was rotated is asked for again: neither the code nor the refresh token is lost", async () => {
  const { emulator, cal, setSecret, tokenRequests, details } = world();
  // Known here, and replaced at Cal.com since.
  const ada = await link({ emulator, cal });
  const next = emulator.oauth2.clients.rotateSecret("app");
  setSecret(next);
  vi.advanceTimersByTime(1_000);
  emulator.clock.advance(29 * 60_000 + 50_000);
  await ada.accessToken();
  expect(tokenRequests()).toBe(3);
  expect(await details()).toMatchObject({ rotation: 2 });

  const other = emulator.oauth2.clients.rotateSecret("app");
  const grant = await authorize({ emulator, cal }, "grace");
  setSecret(other);
  vi.advanceTimersByTime(1_000);
  await cal.oauth.link("grace", grant);
  expect(tokenRequests()).toBe(5);
});

test("a secret that is wrong all the same is client_rejected, after one request", async () => {
  const { emulator, cal, setSecret, tokenRequests } = world();
  setSecret("another-secret");
  const grant = await authorize({ emulator, cal });
  expect(await rejection(cal.oauth.link("ada", grant))).toMatchObject({ code: "client_rejected" });
  expect(tokenRequests()).toBe(1);
});
