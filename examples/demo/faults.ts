import type { DemoServices } from "./services.js";
import type { FeedEntry, FaultName } from "./page/server-panel-state.js";

const HOUR_MS = 61 * 60_000;
const SLOW_RESPONSES = 6;
const SLOW_MS = 2500;

/** Injects a fault into the emulated Cal.com. Returns the event for the feed. */
export async function injectFault(
  { cal, emulator, tokenStore }: Pick<DemoServices, "cal" | "emulator" | "tokenStore">,
  name: FaultName,
  userId: string,
): Promise<Pick<FeedEntry, "text" | "fault">> {
  if (!emulator) throw new Error("Faults need the emulated Cal.com.");
  const account = await cal.forUser(userId).calAccount();
  const isOwn = account?.grant === "oauth";
  switch (name) {
    case "expire":
      emulator.clock.advance(HOUR_MS);
      return {
        text: "An hour has passed: all access tokens have expired. Five requests arrive at once.",
        fault: name,
      };
    case "revoke": {
      const record = await tokenStore.get(userId);
      const managedUserId = record?.calUserId ?? 0;
      if (emulator.calendars.credentials(managedUserId).length === 0) {
        return { text: "Nothing to revoke: connect a calendar first." };
      }
      emulator.provider.revoke({ userId: managedUserId });
      return { text: "The user revoked Cal.com's access at the provider.", fault: name };
    }
    case "lose":
      emulator.clock.advance(HOUR_MS);
      if (isOwn) {
        emulator.oauth2.loseNextRefresh();
        return {
          text: "The access token has expired, and the response of the next refresh will be lost. With the user's own Cal.com account only the user can replace those tokens.",
          fault: name,
        };
      }
      emulator.inject({ path: /\/refresh$/, effect: { reset: true }, lost: true });
      return {
        text: "The access token has expired, and the response of the next refresh will be lost. The tokens in the table are then no longer valid.",
        fault: name,
      };
    case "consent":
      if (!isOwn) return { text: "No consent to take away: link your own Cal.com account first." };
      emulator.oauth2.revokeRefreshTokens(account.calUserId);
      emulator.oauth2.expireAccessTokens(account.calUserId);
      return {
        text: "The user took the application's access away, in the settings of Cal.com.",
        fault: name,
      };
    case "slow":
      emulator.inject({ effect: { delayMs: SLOW_MS }, times: SLOW_RESPONSES });
      return {
        text: `Cal.com takes ${String(SLOW_MS / 1000)} s for each of its next ${String(SLOW_RESPONSES)} responses.`,
        fault: name,
      };
  }
}
