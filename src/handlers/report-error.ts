import { redactError } from "../lib/redact.js";
import { hideProperties, type HandlerErrorEvent } from "./events.js";
import { oauthErrorNames } from "./http/oauth-error-names.js";
import type { ResolvedHandlersOptions } from "./resolve-options.js";

/** What {@link reportError} needs of the handlers. */
export interface ReportContext {
  options: Pick<ResolvedHandlersOptions, "onError" | "logger">;
}

/** Logs a failure, with secrets removed, and calls `onError`. Never rejects. */
export async function reportError(
  { options }: ReportContext,
  failure: Omit<HandlerErrorEvent, "redactedError">,
): Promise<void> {
  const { onError, logger } = options;
  const { handler, reason, userId, error, request } = failure;
  const secrets = secretsOf(request);
  const redactedError = redactError(error, secrets);
  const write = async (message: string, fields: object): Promise<void> => {
    try {
      const written: unknown = logger?.error?.(`calbridge: ${message}`, fields);
      await written;
    } catch {
      // A logger that throws: there is no other place to report it.
    }
  };
  const shown = { handler, ...(reason !== undefined && { reason }) };
  await write("a request failed", { ...shown, error: redactedError });
  const event = { ...shown, ...(userId !== undefined && { userId }), redactedError, error, request };
  try {
    await onError?.(hideProperties<HandlerErrorEvent>(event, ["error", "request"]));
  } catch (thrown) {
    // An error in the application's onError must not change the response.
    await write("onError threw", { handler, error: redactError(thrown, secrets) });
  }
}

// A shorter text is a language, a flag or the like. To remove it would make other text unreadable.
const MIN_SECRET_LENGTH = 8;

/** Values of a request that may be secrets: those of its query, its cookies and its authorization. */
function secretsOf(request: Request): Set<string> {
  const values = [...new URL(request.url).searchParams.values()];
  const cookies = (request.headers.get("cookie") ?? "").split(/[;=]/).map((part) => part.trim());
  const authorization = (request.headers.get("authorization") ?? "").split(" ");
  return new Set(
    [...values, ...cookies, ...authorization].filter(
      (value) => value.length >= MIN_SECRET_LENGTH && !oauthErrorNames.has(value),
    ),
  );
}
