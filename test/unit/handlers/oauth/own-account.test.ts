import { describe, expect, test } from "vitest";
import { createCalHandlers } from "../../../../src/handlers/index.js";
import { createBrowser, endOf, ORIGIN, ownCallback, SECRET } from "../../../support/handlers-app.js";
import { createOAuthClient, link } from "../../../support/oauth-client.js";

// In a person's own Cal.com account an attempt ends a revoked connection only if it is the provider's single one.

async function attempt(isOwnCallback: boolean, accounts: string[], consentTo: string) {
  const world = createOAuthClient();
  const { emulator } = world;
  const [revoked, ...others] = accounts.map((name) =>
    emulator.calendars.connect(world.adaAtCal.id, "google", name),
  );
  const user = await link(world);
  emulator.provider.revoke({ userId: world.adaAtCal.id, credentialId: revoked! });
  const { handle } = createCalHandlers({
    client: world.cal,
    authenticate: () => ({ userId: user.id, email: "ada@example.com", name: "Ada" }),
    stateSecret: SECRET,
    appUrl: ORIGIN,
    successUrl: "/connected",
    errorUrl: "/failed",
    now: emulator.clock.now,
    logger: {},
  });
  const ada = createBrowser(handle);
  const authUrl = await ada.start("google");
  let callback: string;
  if (isOwnCallback) {
    const stop = await emulator.provider.authorize(authUrl, { account: consentTo, stopBeforeCallback: true });
    callback = ownCallback("google", { code: stop.code, state: stop.state });
  } else {
    callback = (await emulator.provider.authorize(authUrl, { account: consentTo })).redirectTo;
  }
  const end = endOf(await ada.visit(callback));
  const left = emulator.calendars.credentials(world.adaAtCal.id).map(({ id }) => id);
  return { end, left, revoked: revoked!, others };
}

describe.each([
  ["Cal.com's callback", false],
  ["the application's callback", true],
] as const)("with %s", (_name, isOwnCallback) => {
  test("the provider's single connection, which was revoked, makes room", async () => {
    const { end, left, revoked } = await attempt(isOwnCallback, ["alice"], "alice");
    expect(left).not.toContain(revoked);
    expect(end).toMatchObject(isOwnCallback ? { page: "/connected" } : { reason: "try_again" });
  });

  test.each(["alice", "carol"])("of several connections none is ended (consent to %s)", async (consentTo) => {
    const { end, left, revoked, others } = await attempt(isOwnCallback, ["alice", "carol"], consentTo);
    expect(left).toEqual([revoked, ...others]);
    expect(end).toMatchObject({ page: "/failed", reason: "not_connected" });
  });
});
