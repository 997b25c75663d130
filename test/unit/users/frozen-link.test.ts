import { expect, test } from "vitest";
import type { CalClient } from "../../../src/index.js";
import { rejection } from "../../support/client.js";
import {
  authorize,
  createOAuthClient,
  isTokenRequest,
  link,
  type OAuthWorld,
} from "../../support/oauth-client.js";

const MINUTE_MS = 60_000;

/** A process that stands still between the exchange of a code and the write, for half an hour. */
function frozenAfterExchange(world: OAuthWorld, meanwhile: () => Promise<unknown>): CalClient {
  let wasFrozen = false;
  return world.another({
    fetch: async (input, init) => {
      const response = await world.emulator.fetch(input, init);
      if (!isTokenRequest(input) || wasFrozen) return response;
      wasFrozen = true;
      world.emulator.clock.advance(31 * MINUTE_MS);
      await meanwhile();
      return response;
    },
  });
}

const isLive = async ({ emulator, store, adaAtCal }: OAuthWorld): Promise<boolean> =>
  emulator.oauth2.tokens(adaAtCal.id).refreshTokens.includes((await store.get("ada"))!.calRefreshToken!);

test("a link whose process stood still does not replace the tokens that another process has refreshed meanwhile", async () => {
  const world = createOAuthClient({ refreshAheadMs: 0 });
  await link(world);
  const cal = frozenAfterExchange(world, () => world.another().forUser("ada").profile());
  const ada = await link({ ...world, cal });
  expect(await isLive(world)).toBe(true);
  expect(await world.details()).toMatchObject({ rotation: 2, email: world.adaAtCal.email });
  world.emulator.clock.advance(31 * MINUTE_MS);
  expect(await world.another().forUser("ada").profile()).toMatchObject({ id: world.adaAtCal.id });
  expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
  expect(world.reauthorizations).toEqual([]);
});

test("a link whose process stood still keeps what it got: it is used if Cal.com refuses the other process's tokens", async () => {
  const world = createOAuthClient({ refreshAheadMs: 0 });
  const other = world.another();
  const cal = frozenAfterExchange(world, () => link({ ...world, cal: other }));
  const ada = await link({ ...world, cal });
  world.emulator.clock.advance(31 * MINUTE_MS);
  world.emulator.inject({
    grantType: "refresh_token",
    effect: { status: 400, body: { error: "invalid_grant", error_description: "refresh_token_revoked" } },
  });
  expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
  expect(await isLive(world)).toBe(true);
  expect(world.reauthorizations).toEqual([]);
});

test("a link whose process stood still does not replace another account that was linked meanwhile", async () => {
  const world = createOAuthClient({ refreshAheadMs: 0 });
  const grant = await authorize(world);
  const cal = frozenAfterExchange(world, () => link({ ...world, cal: world.another() }, "ada", "grace"));
  const error = await rejection(cal.oauth.link("ada", grant));
  expect(error).toMatchObject({ code: "different_cal_account" });
  expect(await world.store.get("ada")).toMatchObject({ calUserId: world.graceAtCal.id });
});
