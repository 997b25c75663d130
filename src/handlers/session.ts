import type { CalUser } from "../index.js";
import { CalValidationError, isCalError } from "../errors.js";
import { redactError } from "../lib/redact.js";
import type { Attempts, KnownCredentials } from "./oauth/attempts.js";
import type { CalSession, HandlerErrorEvent, HandlerName, ResolvedHandlersOptions } from "./options.js";
import { Refusal } from "./http/http-error.js";
import type { Outcome } from "./oauth/complete-callback.js";

/** What the steps share. */
export interface HandlerContext {
  options: ResolvedHandlersOptions;
  attempts: Attempts<Outcome>;
  known: KnownCredentials;
}

/** A step of the flow. */
export interface Step {
  name: HandlerName;
  methods: readonly ("GET" | "POST")[];
  /** Whether a request that another site caused is refused. Not the way back from a consent page: that is one. */
  refusesCrossSite: boolean;
  run(request: Request, context: HandlerContext): Promise<Response>;
}

/** Who is signed in, or nobody. */
export async function findSession(request: Request, { options }: HandlerContext): Promise<CalSession | null> {
  const session: unknown = await options.authenticate(request);
  if (session === null || session === undefined) return null;
  const userId: unknown = typeof session === "object" ? Reflect.get(session, "userId") : undefined;
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError(
      "authenticate() must answer null, or an object with the user's id as userId, a string. A number: String(id).",
    );
  }
  return session as CalSession;
}

/** Who is signed in. Refuses the request if nobody is. */
export async function requireSession(request: Request, context: HandlerContext): Promise<CalSession> {
  const session = await findSession(request, context);
  if (!session) throw new Refusal(401, "unauthenticated", "Sign in first.");
  return session;
}

/** The session's user, with a managed user at Cal.com. */
export async function ensureUser(
  { userId, ...input }: CalSession,
  { options }: HandlerContext,
): Promise<CalUser> {
  try {
    return await options.client.ensureUser(userId, input);
  } catch (error) {
    if (!isCalError(error) || error.code !== "invalid_input") throw error;
    throw new CalValidationError(`authenticate() must answer { userId, email, name }: ${error.message}`);
  }
}

/** Tells the application of a failure, and the log, where secrets are taken out. Never fails itself. */
export async function report(context: HandlerContext, event: HandlerErrorEvent): Promise<void> {
  const { onError, logger } = context.options;
  const secrets = secretsOf(event.request);
  const write = async (message: string, fields: object): Promise<void> => {
    try {
      const written: unknown = logger?.error?.(`calbridge: ${message}`, fields);
      await written;
    } catch {
      // That a logger fails can be told to nobody.
    }
  };
  await write("a request failed", {
    handler: event.handler,
    ...(event.reason !== undefined && { reason: event.reason }),
    error: redactError(event.error, secrets),
  });
  try {
    await onError?.(event);
  } catch (error) {
    // The application's own code: it must not turn an answer into a crash.
    await write("onError threw", { handler: event.handler, error: redactError(error, secrets) });
  }
}

// What of a request must not be repeated: all that its query and its cookies hold.
function secretsOf(request: Request): string[] {
  const values = [...new URL(request.url).searchParams.values()];
  const cookies = (request.headers.get("cookie") ?? "").split(/[;=]/).map((part) => part.trim());
  const authorization = request.headers.get("authorization") ?? "";
  return [...values, ...cookies, authorization].filter((secret) => secret.length >= 8);
}
