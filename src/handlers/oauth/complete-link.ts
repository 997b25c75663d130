import { isCalError } from "../../errors.js";
import type { CalUser, OAuthProvider } from "../../index.js";
import { HttpError, type ReturnReason } from "../http/http-error.js";
import { toConnections, type Connection } from "../account.js";
import { oauthErrorNames } from "../http/oauth-error-names.js";
import { reportError } from "../report-error.js";
import type { HandlerContext } from "../types.js";
import { interrupted, rejection, type RejectionReason } from "./callback-messages.js";
import { callOnUnlinked, keepEnded, type EndedLink } from "./ended-links.js";
import { linkFailure, type LinkFailure, type LinkFailureReason } from "./link-messages.js";
import { decryptVerifier, type LinkAttempt } from "./link-state.js";
import { finishRollBacks } from "./roll-back.js";
import { startAttempt, type StartedFlow } from "./start-attempt.js";
import { oauthOf } from "./start-link.js";
import { encryptedSecretOf } from "./state-cookie.js";
import { verifyAttempt } from "./verify-attempt.js";

/** What a callback of Cal.com's brings. */
export interface LinkInput {
  attempt: LinkAttempt | null;
  code?: string | undefined;
  /** OAuth's `error`. */
  error?: string | undefined;
}

/** What comes after the account is linked, if a provider was asked for. */
export type LinkContinuation =
  /** The provider's consent page. */
  | ({ provider: OAuthProvider } & StartedFlow)
  /** The account has this calendar already. */
  | { provider: OAuthProvider; connections: Connection[] }
  | { provider: OAuthProvider; reason: ReturnReason; message: string };

/** How an attempt to link ended. */
export type LinkResult = LinkFailure | { isLinked: true; continuation: LinkContinuation | null };

/**
 * Completes an attempt to link a Cal.com account: makes sure that the user who returns is the user who started, exchanges
 * the code once, and goes on with the provider that the user asked for. A callback that is rejected changes nothing: its
 * code is not exchanged.
 */
export async function completeLink(
  request: Request,
  context: HandlerContext,
  { attempt, code, error }: LinkInput,
): Promise<LinkResult> {
  if (!attempt) return { isLinked: false, ...rejection("invalid_state") };
  const rejected = await verifyAttempt(request, context, attempt);
  if (rejected) return reject(request, context, attempt, rejected);
  // What is to be removed is in the account that the user has now.
  await finishRollBacks(context, attempt.userId);
  const result = await context.links.completeOnce(attempt.id, async (progress): Promise<LinkResult> => {
    const failure = progress.isLinked ? null : await link(request, context, attempt, { code, error });
    if (failure) return failure;
    progress.isLinked = true;
    await callOnLinked(request, context, attempt);
    const continuation = await goOn(request, context, attempt);
    progress.isComplete = !continuation || !("reason" in continuation);
    return { isLinked: true, continuation };
  });
  return result ?? reject(request, context, attempt, "used_state");
}

async function reject(
  request: Request,
  context: HandlerContext,
  { userId }: LinkAttempt,
  reason: RejectionReason,
): Promise<LinkFailure> {
  const error = new HttpError(403, "invalid_state", `A callback was rejected: ${reason}.`);
  await reportError(context, { handler: "oauthCallback", reason, userId, error, request });
  return { isLinked: false, ...rejection(reason) };
}

/** Links the account. Returns why it could not. */
async function link(
  request: Request,
  context: HandlerContext,
  attempt: LinkAttempt,
  { code, error }: Omit<LinkInput, "attempt">,
): Promise<LinkFailure | null> {
  const { userId, takeOver } = attempt;
  let ended: EndedLink | undefined;
  const onTakeOver = (link: EndedLink): void => void (ended = link);
  if (error === "access_denied") return linkFailure("access_denied");
  try {
    if (error !== undefined) throw refusedByPage(error);
    if (code === undefined) return linkFailure("code_rejected");
    const { client, encryptedJson, linkRedirectUri: redirectUri } = context.options;
    const secret = encryptedSecretOf(request, context, attempt.id);
    const codeVerifier = secret === null ? null : await decryptVerifier(encryptedJson, secret, attempt.id);
    const replace = attempt.replace ?? (await isAccountGone(client.forUser(userId)));
    const options = { replace, takeOver, onTakeOver };
    await oauthOf(context).link(userId, { code, codeVerifier, redirectUri }, options);
    return null;
  } catch (thrown) {
    const reason = reasonOf(thrown);
    await reportError(context, { handler: "oauthCallback", reason, userId, error: thrown, request });
    return linkFailure(reason);
  } finally {
    if (ended) await tellFormerHolder(request, context, ended);
  }
}

/** Another application user's link has ended. An error is not this user's: that user's next status shows it again. */
async function tellFormerHolder(request: Request, context: HandlerContext, ended: EndedLink): Promise<void> {
  const { userId } = ended;
  try {
    await keepEnded(context, ended);
    await callOnUnlinked(request, context, userId, ended);
  } catch (error) {
    await reportError(context, { handler: "oauthCallback", userId, error, request });
  }
}

/** The errors of Cal.com's page that lead back are about the client, or its scopes; the user can do nothing. */
function refusedByPage(error: string): HttpError {
  const name = oauthErrorNames.has(error) ? error : "an unknown error";
  return new HttpError(502, "not_permitted", `Cal.com's authorize page has returned ${name}.`);
}

/** Whether the linked account was deleted at Cal.com: then another one takes its place without a question. */
async function isAccountGone(user: CalUser): Promise<boolean> {
  const account = await user.calAccount();
  return account?.grant === "oauth" && account.reauthorization?.reason === "cal_user_gone";
}

function reasonOf(error: unknown): LinkFailureReason {
  if (error instanceof HttpError) return "client_rejected";
  if (!isCalError(error)) return "internal_error";
  switch (error.code) {
    case "code_rejected":
    case "team_account_not_supported":
    case "different_cal_account":
    case "cal_account_in_use":
    case "client_rejected":
      return error.code;
    // Another application user has it as a managed user, or the store can't say who has it.
    case "cal_user_in_use":
      return "cal_account_in_use";
    case "store_error":
    case "invalid_input":
      return "internal_error";
    default:
      return "unavailable";
  }
}

async function callOnLinked(
  request: Request,
  { options }: HandlerContext,
  { userId }: LinkAttempt,
): Promise<void> {
  if (!options.onLinked) return;
  const account = await options.client.forUser(userId).calAccount();
  if (account?.grant !== "oauth") return;
  const { calUserId, email } = account;
  await options.onLinked({ userId, calUserId, email, request });
}

/** What comes after the link. The account is linked, whatever happens here. */
async function goOn(
  request: Request,
  context: HandlerContext,
  { userId, provider, selectAccount, reconnectId, returnUrl, popup }: LinkAttempt,
): Promise<LinkContinuation | null> {
  if (provider === undefined) return null;
  const user = context.options.client.forUser(userId);
  try {
    const connections = toConnections(await user.calendars.list(), provider);
    const named = connections.find(({ credentialId }) => credentialId === reconnectId);
    const working = connections.filter((one) => one.connected && !one.delegated && (!named || one === named));
    // One more account was asked for, or one that this Cal.com account does not have: the user chooses it.
    const mustSelect = selectAccount === true || (reconnectId !== undefined && !named);
    if (working.length > 0 && !mustSelect) {
      await context.options.onConnected({ userId, provider, connections: working, request });
      return { provider, connections };
    }
    const start = {
      provider,
      returnUrl,
      popup,
      selectAccount: mustSelect,
      reconnectId: named?.credentialId,
      isLinked: true,
    };
    return { provider, ...(await startAttempt(request, context, user, start)) };
  } catch (error) {
    await reportError(context, { handler: "oauthCallback", userId, error, request });
    const { reason, message } = interrupted(error);
    return { provider, reason, message };
  }
}
