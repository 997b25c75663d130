import type { DisconnectedReason, OAuthProvider } from "../../index.js";
import { isCalError } from "../../errors.js";
import { toConnection } from "../account.js";
import { endStateCookie, compareStateCookie, clearStateCookie } from "./state-cookie.js";
import { findSession } from "../session.js";
import { HttpError, type ReturnReason } from "../http/http-error.js";
import { hasExpired, type Attempt } from "./oauth-state.js";
import { rollBack } from "./roll-back.js";
import type { HandlerContext, Route } from "../types.js";
import { reportError } from "../report-error.js";
import type { CallbackOutcome } from "../types.js";

/** What a return brought: its attempt, and what the provider gave if it came straight from there. */
export interface CallbackInput {
  attempt: Attempt | null;
  /** The provider by the route that was taken. */
  provider?: OAuthProvider | undefined;
  code?: string | undefined;
  /** Cal.com's own state. */
  state?: string | undefined;
  /** The provider's `error` parameter. */
  denied?: boolean | undefined;
}

/** A reason of ours: the others are what `check` finds. */
type OwnReason = Exclude<ReturnReason, DisconnectedReason>;

const messages: Record<OwnReason, string> = {
  invalid_state: "This link was not made here. Start again.",
  expired_state: "That took too long. Start again.",
  used_state: "This return was handled before.",
  signed_out: "Sign in, and start again.",
  wrong_user: "This was started by another user. Nothing was connected.",
  wrong_browser: "This was started in another browser. Start again in this one.",
  access_denied: "Access to the calendar was not granted.",
  save_failed: "Cal.com could not connect the calendar. Start again, and grant access to calendars.",
  unavailable: "Cal.com could not be asked. Load this page again.",
  internal_error: "Something went wrong. Try again later.",
};

/** Whether a reason means that the one who returned may not be the one who started. */
const refusals: ReadonlySet<ReturnReason> = new Set<ReturnReason>([
  "invalid_state",
  "expired_state",
  "used_state",
  "signed_out",
  "wrong_user",
  "wrong_browser",
]);

/** Whether a return was refused, rather than found not to have worked. */
export function isRefused(reason: ReturnReason): boolean {
  return refusals.has(reason);
}

/**
 * Ends an attempt: makes sure that the one who returns is the one who started, hands Cal.com the code if
 * there is one, and asks it whether that worked. What doesn't pass is undone.
 */
export async function completeCallback(
  request: Request,
  context: HandlerContext,
  step: Pick<Route, "name">,
  came: CallbackInput,
): Promise<CallbackOutcome> {
  const { attempt } = came;
  if (!attempt) return ended("invalid_state");
  const refused = await verify(request, context, attempt, came.provider);
  if (refused) return refuse(request, context, step, attempt, refused);

  const outcome = await context.attempts.endOnce(attempt.id, async () =>
    conclude(request, context, attempt, await connect(context, attempt, came)),
  );
  // Who comes again with everything right is the one who started: there is nothing to undo.
  return outcome ?? ended("used_state");
}

async function verify(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
  provider: OAuthProvider | undefined,
): Promise<OwnReason | null> {
  if (provider !== undefined && provider !== attempt.provider) return "invalid_state";
  const session = await findSession(request, context);
  if (!session) return "signed_out";
  if (session.userId !== attempt.userId) return "wrong_user";
  if (hasExpired(attempt, context.options.now())) return "expired_state";
  const browser = await compareStateCookie(request, context, attempt);
  if (browser === "own") return null;
  return browser === "ended" ? "used_state" : "wrong_browser";
}

/** A return that is not believed: whatever it brought is undone, and the application is told. */
async function refuse(
  request: Request,
  context: HandlerContext,
  { name: handler }: Pick<Route, "name">,
  attempt: Attempt,
  reason: OwnReason,
): Promise<CallbackOutcome> {
  const { userId } = attempt;
  const told = { handler, reason, userId, request };
  try {
    await rollBack(request, context, attempt);
  } catch (error) {
    // Cal.com or the store failed. The answer is no either way; somebody has to look after the rest.
    await reportError(context, { ...told, error });
  }
  await reportError(context, {
    ...told,
    error: new HttpError(403, "invalid_state", `A return was refused: ${reason}.`),
  });
  // The mark that it has ended stays: it says what to spare next time.
  const keepsCookie = (await compareStateCookie(request, context, attempt)) !== "own";
  return { ...ended(reason), cookies: keepsCookie ? [] : [clearStateCookie(context, attempt)] };
}

type Result = CallbackOutcome["result"];

/** What a return has come to. */
interface Found {
  result: Result;
  /** The provider's credentials, the broken ones too: the one who started has brought them. */
  credentialIds: number[];
}

/** Does what there is to do, and finds out whether the calendar is connected. */
async function connect(context: HandlerContext, attempt: Attempt, came: CallbackInput): Promise<Found> {
  const { provider, userId } = attempt;
  const { calendars } = context.options.client.forUser(userId);
  if (came.denied === true) return nothing("access_denied");
  let isSaved = true;
  try {
    if (came.code !== undefined && came.state !== undefined) {
      isSaved = await save(() =>
        calendars.save(provider, { code: came.code ?? "", state: came.state ?? "" }),
      );
    }
    const { status, connectedCalendars } = await calendars.sync(provider);
    const accounts = connectedCalendars.map(toConnection);
    const isNew = accounts.some(({ credentialId }) => !attempt.credentialIds.includes(credentialId));
    // A code works once: of two callbacks at once the one that came second is refused, and all is well.
    if (!isSaved && !isNew) return nothing("save_failed");
    const credentialIds = accounts.map(({ credentialId }) => credentialId);
    return { credentialIds, result: status.connected ? { connected: true, accounts } : status };
  } catch (error) {
    if (isCalError(error) && error.code === "invalid_input") return nothing("wrong_user");
    throw error;
  }
}

/** Whether Cal.com took the code. */
async function save(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    const isNo = isCalError(error) && [400, 401, 500].includes(error.status ?? 0);
    if (!isNo) throw error;
    return false;
  }
}

/** Tells the application, and leaves a mark in the browser. */
async function conclude(
  request: Request,
  context: HandlerContext,
  attempt: Attempt,
  { result, credentialIds }: Found,
): Promise<CallbackOutcome> {
  const { userId, provider } = attempt;
  context.known.note(credentialIds);
  if (result.connected) {
    await context.options.onConnected?.({ userId, provider, connections: result.accounts, request });
  }
  return { result, cookies: [await endStateCookie(context, attempt, credentialIds)] };
}

function nothing(reason: OwnReason): Found {
  return { result: failed(reason), credentialIds: [] };
}

function failed(reason: OwnReason): Result {
  return { connected: false, reason, message: messages[reason] };
}

function ended(reason: OwnReason): CallbackOutcome {
  return { result: failed(reason), cookies: [] };
}

/** What to tell of a return that an error cut short. */
export function interrupted(error: unknown): { reason: ReturnReason; message: string } {
  const isCalComs = isCalError(error) && error.code !== "store_error" && error.code !== "invalid_input";
  const reason = isCalComs ? "unavailable" : "internal_error";
  return { reason, message: messages[reason] };
}
