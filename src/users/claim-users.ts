import { CalValidationError, isCalError } from "../errors.js";
import { pauseUnlessAborted } from "../lib/backoff.js";
import { detailsOf } from "../tokens/details.js";
import { claimUser, type ClaimOutcome } from "./claim.js";
import type { UserContext } from "./context.js";

/** Options of {@link CalClient.claimUsers}. */
export interface ClaimUsersOptions {
  /** Continue after this user: `after` of an earlier run that was stopped. */
  after?: string | undefined;
  /**
   * The most users a minute. Each takes up to two requests, and Cal.com allows a client 500 a minute.
   * @defaultValue 120
   */
  maxPerMinute?: number | undefined;
  /** Stops the work after the current user; the promise then resolves with `done: false`. */
  signal?: AbortSignal | undefined;
  /** Called after each user. */
  onProgress?: ((progress: ClaimProgress) => void) | undefined;
  /** Called for each user whose managed user was not claimed, with the reason. */
  onFailure?: ((userId: string, reason: "in_use" | "gone" | "failed", error?: Error) => void) | undefined;
}

/** How far {@link CalClient.claimUsers} has come. */
export interface ClaimProgress {
  /** Users that were looked at in this run. */
  checked: number;
  /** Managed users that got an owner hash. */
  claimed: number;
  /** Managed users that belong to another application user. */
  inUse: number;
  /** Managed users that Cal.com no longer has. */
  gone: number;
  /** Users that could not be looked at: run it again for them. */
  failed: number;
  /** The last user that was looked at: where to continue. */
  after: string | undefined;
  /** Whether all users were looked at. */
  done: boolean;
}

/** Gives all managed users of the store the hash of their owner. */
export async function claimUsers(context: UserContext, options: ClaimUsersOptions): Promise<ClaimProgress> {
  const { maxPerMinute = 120, signal, onProgress } = options;
  const { rateLimits } = context.transport;
  const clientId = context.options.managedUsers?.clientId ?? "";
  if (!(maxPerMinute > 0)) throw new CalValidationError("maxPerMinute must be a number above 0.");
  const progress: ClaimProgress = {
    checked: 0,
    claimed: 0,
    inUse: 0,
    gone: 0,
    failed: 0,
    after: options.after,
    done: false,
  };
  for await (const userId of context.store.userIds(options.after)) {
    if (signal?.aborted) return progress;
    const { outcome, hasAsked } = await claim(context, userId, options);
    progress.checked += 1;
    progress.after = userId;
    if (outcome === "claimed") progress.claimed += 1;
    if (outcome === "in_use") progress.inUse += 1;
    if (outcome === "gone" || outcome === "failed") progress[outcome] += 1;
    onProgress?.({ ...progress });
    // Users that were claimed earlier cost no request. With few requests left, the others are for the application's calls.
    if (hasAsked) {
      await pauseUnlessAborted(Math.max(60_000 / maxPerMinute, rateLimits.waitMs(clientId)), signal);
    }
  }
  return { ...progress, done: true };
}

async function claim(
  context: UserContext,
  userId: string,
  { onFailure }: ClaimUsersOptions,
): Promise<{ outcome: ClaimOutcome | "failed"; hasAsked: boolean }> {
  try {
    const record = await context.store.get(userId);
    if (!record) return { outcome: "owned", hasAsked: false };
    const outcome = await claimUser(context, record);
    if (outcome === "in_use" || outcome === "gone") onFailure?.(userId, outcome);
    const { grant, isOwned } = detailsOf(record);
    return { outcome, hasAsked: grant === "managed" && !isOwned };
  } catch (error) {
    if (!isCalError(error)) throw error;
    onFailure?.(userId, "failed", error);
    return { outcome: "failed", hasAsked: true };
  }
}
