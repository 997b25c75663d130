import type { DemoServices } from "./services.js";
import type { FeedEntry, TroubleName } from "./page/underneath-state.js";

const HOUR_MS = 61 * 60_000;
const SLOW_ANSWERS = 6;
const SLOW_MS = 2500;

/** Makes trouble for a user at the emulated Cal.com, and says which. */
export async function makeTrouble(
  { emulator, tokenStore }: Pick<DemoServices, "emulator" | "tokenStore">,
  name: TroubleName,
  userId: string,
): Promise<Pick<FeedEntry, "text" | "trouble">> {
  if (!emulator) throw new Error("There is no trouble to be had with the real Cal.com.");
  switch (name) {
    case "expire":
      emulator.clock.advance(HOUR_MS);
      return {
        text: "An hour has passed: every access token has expired. Five requests come in at once.",
        trouble: name,
      };
    case "revoke": {
      const record = await tokenStore.get(userId);
      const managedUserId = record?.calUserId ?? 0;
      if (emulator.calendars.credentials(managedUserId).length === 0) {
        return { text: "Nothing to revoke: connect a calendar first." };
      }
      emulator.provider.revoke({ userId: managedUserId });
      return { text: "The user has taken Cal.com's access away at the provider.", trouble: name };
    }
    case "lose":
      emulator.clock.advance(HOUR_MS);
      emulator.inject({ path: /\/refresh$/, effect: { reset: true }, lost: true });
      return {
        text: "The token has expired, and the answer to the next refresh gets lost: the tokens in the table are then worth nothing.",
        trouble: name,
      };
    case "slow":
      emulator.inject({ effect: { delayMs: SLOW_MS }, times: SLOW_ANSWERS });
      return {
        text: `Cal.com takes ${String(SLOW_MS / 1000)} s for each of its next ${String(SLOW_ANSWERS)} answers.`,
        trouble: name,
      };
  }
}
