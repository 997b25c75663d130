import * as z from "zod/mini";
import type { UnlinkedEvent } from "../events.js";
import type { HandlerContext } from "../types.js";
import { digest } from "./oauth-state.js";
import { PENDING_LIFE_MS } from "./pending-roll-back.js";

/** A link to a user's own Cal.com account that has ended. */
export type EndedLink = Omit<UnlinkedEvent, "request">;

const endedSchema = z.object({ userId: z.string(), calUserId: z.number(), email: z.nullable(z.string()) });

/** Stores that a link ends, for {@link callOnUnlinked}. */
export async function keepEnded({ options, records }: HandlerContext, ended: EndedLink): Promise<void> {
  if (options.onUnlinked) await records?.put(await keyOf(ended.userId), ended, PENDING_LIFE_MS);
}

/**
 * Calls `onUnlinked` for a link of this user's that has ended. If it throws, or the process ends, it is called again with
 * the user's next request, provided that the token store keeps attempts.
 *
 * @param ended - Absent: the one that is kept, if there is one.
 * @returns Whether there was one.
 */
export async function callOnUnlinked(
  request: Request,
  { options, records }: HandlerContext,
  userId: string,
  ended?: EndedLink,
): Promise<boolean> {
  if (!options.onUnlinked) return Boolean(ended);
  const key = await keyOf(userId);
  const told = ended ?? (await records?.get(key, endedSchema));
  if (!told) return false;
  await options.onUnlinked({ ...told, request });
  await records?.take(key, endedSchema);
  return true;
}

async function keyOf(userId: string): Promise<string> {
  return `unlinked:${await digest(userId)}`;
}
