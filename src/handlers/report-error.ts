import type { HandlerContext } from "./types.js";
import type { HandlerErrorEvent } from "./options.js";
import { redactError } from "../lib/redact.js";

/** Tells the application of a failure, and the log, where secrets are taken out. Never fails itself. */
export async function reportError(context: HandlerContext, event: HandlerErrorEvent): Promise<void> {
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

function secretsOf(request: Request): string[] {
  const values = [...new URL(request.url).searchParams.values()];
  const cookies = (request.headers.get("cookie") ?? "").split(/[;=]/).map((part) => part.trim());
  const authorization = request.headers.get("authorization") ?? "";
  return [...values, ...cookies, authorization].filter((secret) => secret.length >= 8);
}
