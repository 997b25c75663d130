import type { HandlerContext } from "../types.js";
import type { Attempt } from "./oauth-state.js";

/** The user's other attempts of the last ten minutes with this provider, on all devices. */
export async function otherAttempts(
  context: HandlerContext,
  { id, userId, provider }: Attempt,
): Promise<{ isRunning: boolean; leftIds: number[] }> {
  const recent = await context.known.recentAttempts(userId);
  const others = recent.filter((one) => one.id !== id && one.provider === provider);
  const kept = await Promise.all(others.map((one) => context.attempts.find(one.id)));
  return {
    isRunning: kept.some((one) => one?.leftIds === null),
    leftIds: kept.flatMap((one) => one?.leftIds ?? []),
  };
}
