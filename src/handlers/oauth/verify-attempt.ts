import { findSession } from "../session.js";
import type { HandlerContext } from "../types.js";
import type { RejectionReason } from "./callback-messages.js";
import { hasExpired, type StartedAttempt } from "./oauth-state.js";
import { isSameBrowser } from "./state-cookie.js";

/** Why a callback is not accepted: it has to come from the user, and the browser, that started the attempt. */
export async function verifyAttempt(
  request: Request,
  context: HandlerContext,
  attempt: StartedAttempt,
  { isUsed = false }: { isUsed?: boolean } = {},
): Promise<RejectionReason | null> {
  const session = await findSession(request, context);
  if (!session) return "signed_out";
  if (session.userId !== attempt.userId) return "wrong_user";
  if (isUsed) return "used_state";
  if (hasExpired(attempt, context.options.now())) return "expired_state";
  return (await isSameBrowser(request, context, attempt)) ? null : "wrong_browser";
}
