import { listCalendars } from "../api/endpoints/calendar-list.js";
import type { CallOptions, Send } from "../api/request.js";
import { isCalError } from "../errors.js";
import { detailsOf } from "../tokens/details.js";
import { userNotFound } from "../tokens/token-record.js";
import type { TokenRecord } from "../tokens/token-store.js";
import type { ConnectionsContext } from "./context.js";
import type { Verdict } from "./health.js";
import { isDoubt, readMarks } from "./marks.js";
import { toSeenList, type Seen } from "./seen.js";

const DAY_MS = 24 * 60 * 60_000;
/** Cal.com's links last for 30 days, and each refresh starts anew. */
const KEEP_ALIVE_MS = 10 * DAY_MS;
const TELL_EXPIRY_MS = 3 * DAY_MS;

/** A user as a check sees it, and how to make calls for it. */
export interface Look {
  seen: Seen;
  send: Send;
  isOwnAccount: boolean;
}

/**
 * Reads a user's connections, and keeps the link to the user's own Cal.com account alive.
 *
 * @throws what says nothing of the user: a wrong configuration, the database; and `user_not_found`.
 */
export async function lookAt(
  { users }: ConnectionsContext,
  { userId, send }: { userId: string; send: Send },
  options: CallOptions,
): Promise<Look> {
  const { store, options: client } = users;
  const record = await store.get(userId);
  if (!record) throw userNotFound();
  const at = client.now();
  const isOwnAccount = detailsOf(record).grant === "oauth";
  if (isOwnAccount) await keepAlive(users, record, { now: at, ...options });
  const { list, error } = await listOf(send, options);
  // The list may have refreshed the tokens, and so may the user have linked the account again.
  const latest = (await store.get(userId)) ?? record;
  const calAccount = (isOwnAccount ? linkVerdict(latest, client.now()) : null) ?? accountVerdict(error);
  if (!calAccount) throw error;
  return { seen: { at, calUserId: record.calUserId, calAccount, list }, send, isOwnAccount };
}

/** Refreshes the tokens of a link that would end soon. A failure is seen by what is left of the link. */
async function keepAlive(
  { tokens, options }: ConnectionsContext["users"],
  record: TokenRecord,
  { now, signal }: CallOptions & { now: number },
): Promise<void> {
  const expiresAt = record.calRefreshTokenExpiresAt?.getTime();
  if (expiresAt === undefined || expiresAt - now > KEEP_ALIVE_MS) return;
  try {
    const rejected = new Set([record.calAccessToken]);
    await tokens.usable(record.userId, { rejected, signal, timeoutMs: options.timeoutMs });
  } catch (error) {
    if (!isCalError(error)) throw error;
    options.warn("calbridge: the link to a Cal.com account could not be renewed", {
      userId: record.userId,
      error: error.code,
    });
  }
}

async function listOf(send: Send, options: CallOptions): Promise<{ list: Seen["list"]; error?: unknown }> {
  try {
    const list = await listCalendars(send, options);
    return { list: await toSeenList(list, await readMarks(send, list, options)) };
  } catch (error) {
    if (!isCalError(error)) throw error;
    return { list: null, error };
  }
}

/** What it says of the user's Cal.com account how the list came, or did not; `null`: nothing. */
function accountVerdict(error: unknown): Verdict | null {
  if (error === undefined) return { status: "connected", reason: null };
  if (!isCalError(error)) return null;
  if (error.code === "cal_user_gone" || error.code === "missing_scope") {
    return { status: "broken", reason: error.code };
  }
  if (error.code === "reauthorization_required") return { status: "broken", reason: "revoked" };
  return isDoubt(error.code) ? { status: "unavailable", reason: "unavailable" } : null;
}

/** What the record says of a link, whether a list came or not; `null`: nothing. */
function linkVerdict(record: TokenRecord, now: number): Verdict | null {
  // Also while the access token still works.
  const mark = detailsOf(record).reauthorization;
  if (mark) return { status: "broken", reason: mark.reason };
  const expiresAt = record.calRefreshTokenExpiresAt?.getTime();
  if (expiresAt === undefined || expiresAt - now > TELL_EXPIRY_MS) return null;
  return expiresAt <= now
    ? { status: "broken", reason: "expired" }
    : { status: "expiring", reason: "expires_soon" };
}
