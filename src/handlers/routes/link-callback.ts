import { toCalAccountView } from "../cal-account-view.js";
import { assertSameSite } from "../http/cross-site.js";
import { HttpError } from "../http/http-error.js";
import { queryText, readFields, required, textField, type ParameterReader } from "../http/request.js";
import { seeOther, success } from "../http/responses.js";
import { interrupted, isRejection } from "../oauth/callback-messages.js";
import {
  completeLink,
  type LinkContinuation,
  type LinkInput,
  type LinkResult,
} from "../oauth/complete-link.js";
import { returnToPage } from "../oauth/return-to-page.js";
import { decryptLink } from "../oauth/link-state.js";
import { rejectionError } from "../oauth/rejection-error.js";
import { oauthOf } from "../oauth/start-link.js";
import { reportError } from "../report-error.js";
import type { HandlerContext, Route } from "../types.js";

/**
 * `GET` (a browser that Cal.com sent back) and `POST` (JSON, by a page of the application) `/oauth/callback`
 * `{code, state}`.
 */
export const oauthCallback: Route = {
  name: "oauthCallback",
  methods: ["GET", "POST"],
  // Cal.com sends the browser there with GET. POST is refused below.
  refusesCrossSite: false,
  async run(request, context) {
    oauthOf(context);
    return request.method === "POST" ? save(request, context) : redirect(request, context);
  },
};

/** Ends at the provider's consent page or at a page of the application, whatever happens. */
async function redirect(request: Request, context: HandlerContext): Promise<Response> {
  const input = await readCallback(request, context);
  let result: LinkResult;
  try {
    result = await completeLink(request, context, input);
  } catch (error) {
    const userId = input.attempt?.userId;
    await reportError(context, { handler: "oauthCallback", error, userId, request });
    result = { isLinked: false, ...interrupted(error) };
  }
  if (result.isLinked && result.continuation && "authUrl" in result.continuation) {
    const { authUrl, cookies } = result.continuation;
    return seeOther(authUrl, { cookies });
  }
  return returnToPage(context, input.attempt, {
    isSuccess: isComplete(result),
    parameters: parametersOf(result, input),
  });
}

async function readCallback(request: Request, context: HandlerContext): Promise<LinkInput> {
  try {
    return await readInput((name) => queryText(request, name), context);
  } catch (error) {
    // A parameter that is given twice.
    if (error instanceof HttpError) return { attempt: null };
    throw error;
  }
}

async function readInput(read: ParameterReader, context: HandlerContext): Promise<LinkInput> {
  const { encryptedJson, now } = context.options;
  const state = read("state");
  const { clientId } = oauthOf(context);
  const attempt =
    state === undefined ? null : await decryptLink(encryptedJson, state, { clientId, now: now() });
  const code = read("code")?.trim();
  return { attempt, code: code === "" ? undefined : code, error: read("error") };
}

function isComplete(result: LinkResult): boolean {
  return result.isLinked && (result.continuation === null || "connections" in result.continuation);
}

function parametersOf(result: LinkResult, { attempt }: LinkInput): Record<string, string> {
  if (result.isLinked) {
    const { continuation } = result;
    return { calAccount: "linked", ...(continuation && providerParameters(continuation)) };
  }
  const { reason } = result;
  const { provider } = attempt ?? {};
  const calendar = provider && { calendarType: provider, connected: "false" };
  return { calAccount: "error", ...calendar, reason };
}

function providerParameters(continuation: LinkContinuation): Record<string, string> {
  const calendarType = continuation.provider;
  if (!("reason" in continuation)) return { calendarType, connected: "true" };
  return { calendarType, connected: "false", reason: continuation.reason };
}

/** For a page of the application that is the redirect URI. */
async function save(request: Request, context: HandlerContext): Promise<Response> {
  assertSameSite(request, context.options.trustedOrigins);
  const fields = await readFields(request, context.options.maxBodyBytes);
  required("state", textField(fields, "state"));
  const input = await readInput((name) => textField(fields, name), context);
  const result = await completeLink(request, context, input);
  if (!result.isLinked) {
    const { reason, message } = result;
    if (isRejection(reason)) throw rejectionError(reason, message);
    return success({ linked: false, reason, message });
  }
  const user = context.options.client.forUser(input.attempt?.userId ?? "");
  const calAccount = toCalAccountView(await user.calAccount());
  const { continuation } = result;
  if (!continuation) return success({ linked: true, calAccount });
  const shown = { linked: true, calAccount, calendarType: continuation.provider };
  if ("authUrl" in continuation) {
    const { authUrl, cookies } = continuation;
    return success({ ...shown, connected: false, authUrl }, { cookies });
  }
  if ("reason" in continuation) {
    const { reason, message } = continuation;
    return success({ ...shown, connected: false, reason, message });
  }
  return success({ ...shown, connected: true, calendars: continuation.connections });
}
