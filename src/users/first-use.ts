import type { CallOptions } from "../api/request.js";
import { isCalError } from "../errors.js";
import { within } from "../lib/deadline.js";
import type { TokenRecord } from "../tokens/token-store.js";
import { claimUser } from "./claim.js";
import type { UserContext } from "./context.js";
import { ownedByAnother } from "./owned-grant.js";

// A user of the application waits for it, and the record works without it.
const MAX_WAIT_MS = 3_000;
const PAUSE_MS = 60_000;

/** Claims the managed users of rows that came from elsewhere when `ensureUser()` meets them. */
export class FirstUse {
  #pausedUntil = 0;

  /**
   * Claims the record's managed user. While Cal.com is down the user is served all the same, and
   * for a minute no other claim is attempted: each would make its user wait.
   *
   * @throws `CalUserInUseError` if the managed user was created for another application user.
   */
  async claim(context: UserContext, record: TokenRecord, options: CallOptions): Promise<void> {
    const { now, warn, waitUntil } = context.options;
    if (now() < this.#pausedUntil) return;
    const claiming = claimUser(context, record, options);
    waitUntil(claiming);
    try {
      const message = `The owner hash was not written within ${String(MAX_WAIT_MS)} ms.`;
      const outcome = await within(claiming, { time: { ms: MAX_WAIT_MS, message } });
      if (outcome === "in_use") throw ownedByAnother();
    } catch (error) {
      if (!isCalError(error) || error.code === "cal_user_in_use") throw error;
      // This managed user's metadata is full: the others can be claimed.
      if (error.code !== "invalid_input") this.#pausedUntil = now() + PAUSE_MS;
      const { userId } = record;
      warn("calbridge: a managed user has no owner hash yet", { userId, error: error.code });
    }
  }
}
