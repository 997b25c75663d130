import * as z from "zod/mini";
import { unlistedApple, type Connection } from "./account.js";
import { digest } from "./oauth/oauth-state.js";
import type { HandlerContext } from "./types.js";

// Cal.com keeps its list of calendars for 10 seconds, and connecting Apple doesn't drop it.
const UNLISTED_MS = 11_000;

const schema = z.object({ isUnlisted: z.literal(true) });

/** Keeps that Cal.com has accepted the user's Apple calendar, and does not list it yet. */
export async function noteUnlistedApple({ records }: HandlerContext, userId: string): Promise<void> {
  await records?.put(await keyOf(userId), { isUnlisted: true }, UNLISTED_MS);
}

/** The connections, with the Apple calendar that Cal.com does not list yet. */
export async function withUnlistedApple(
  { records }: HandlerContext,
  userId: string,
  connections: Connection[],
): Promise<Connection[]> {
  if (!records || connections.some(({ calendarType }) => calendarType === "apple")) return connections;
  const isUnlisted = await records.get(await keyOf(userId), schema);
  return isUnlisted ? [...connections, unlistedApple] : connections;
}

async function keyOf(userId: string): Promise<string> {
  return `apple:${await digest(userId)}`;
}
