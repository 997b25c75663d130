import { beforeEach, expect, test } from "vitest";
import { createKnownCredentials } from "../../../../src/handlers/oauth/attempts.js";
import type { Attempt } from "../../../../src/handlers/oauth/oauth-state.js";
import { rollBack } from "../../../../src/handlers/oauth/roll-back.js";
import type { HandlerContext } from "../../../../src/handlers/types.js";
import { createOAuthClient, link, type OAuthWorld } from "../../../support/oauth-client.js";

let world: OAuthWorld;
let alice: number;
let attempt: Attempt;

beforeEach(async () => {
  world = createOAuthClient();
  alice = world.emulator.calendars.connect(world.adaAtCal.id, "google", "alice");
  await link(world);
  attempt = {
    id: "attempt-1",
    userId: "ada",
    provider: "google",
    nonceHash: "hash",
    startedAt: world.emulator.clock.now(),
    credentialIds: [alice],
  };
});

const connect = (account: string) => world.emulator.calendars.connect(world.adaAtCal.id, "google", account);
const credentials = () => world.emulator.calendars.credentials(world.adaAtCal.id).map(({ id }) => id);

/** What the callback does when it refuses to believe a return. */
function refuse(): Promise<number[]> {
  const { now } = world.emulator.clock;
  const context = {
    options: {
      client: world.cal,
      now,
      appUrl: new URL("https://app.example"),
      baseUrl: new URL("https://app.example"),
    },
    known: createKnownCredentials(now),
  };
  return rollBack(new Request("https://app.example/"), context as unknown as HandlerContext, attempt);
}

test("in a person's own account the one calendar that came by the attempt is removed, and those from before stay", async () => {
  const carol = connect("carol");
  expect(await refuse()).toEqual([carol]);
  expect(credentials()).toEqual([alice]);
});

test("in a person's own account nothing is removed if two calendars came since: which one can't be told", async () => {
  const since = [connect("carol"), connect("alice")];
  expect(await refuse()).toEqual([]);
  expect(credentials()).toEqual([alice, ...since]);
});

test("in a person's own account nothing is removed once the token in the link has expired", async () => {
  world.emulator.clock.advance(32 * 60_000);
  const carol = connect("carol");
  expect(await refuse()).toEqual([]);
  expect(credentials()).toEqual([alice, carol]);
});

test("after the user was unlinked nothing is removed", async () => {
  const carol = connect("carol");
  await world.cal.forUser("ada").unlink();
  expect(await refuse()).toEqual([]);
  expect(credentials()).toEqual([alice, carol]);
});
