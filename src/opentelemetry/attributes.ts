import { SpanKind, type Attributes, type SpanOptions } from "@opentelemetry/api";
import { isCalError } from "../errors.js";
import type { Operation, OperationResult } from "../lib/telemetry.js";

/** How a span begins. `server`: what HTTP metrics have of it, too. */
export interface SpanStart {
  name: string;
  options: SpanOptions & { attributes: Attributes };
}

/** The span of an operation: names and attributes of OpenTelemetry's semantic conventions, where there are any. */
export function spanOf(operation: Operation): SpanStart {
  switch (operation.kind) {
    case "call": {
      const { method, path } = operation;
      return internal(`calbridge ${method} ${path}`, { "http.request.method": method, "url.template": path });
    }
    case "attempt":
      return {
        name: `${operation.method} ${operation.path}`,
        options: { kind: SpanKind.CLIENT, attributes: attemptAttributes(operation) },
      };
    case "refresh":
      return internal("calbridge refresh", { "calbridge.refresh.background": operation.isBackground });
    case "store":
      return internal(`calbridge store ${operation.method}`, { "calbridge.store.method": operation.method });
    case "connection_store":
      return internal(`calbridge connection store ${operation.method}`, {
        "calbridge.store.method": operation.method,
      });
    case "connection_check":
      return internal("calbridge connection check", {});
    case "handler":
      return internal(`calbridge handler ${operation.name}`, {
        "calbridge.handler.name": operation.name,
        "http.request.method": operation.method,
      });
  }
}

function internal(name: string, attributes: Attributes): SpanStart {
  return { name, options: { kind: SpanKind.INTERNAL, attributes } };
}

type Attempt = Extract<Operation, { kind: "attempt" }>;

function attemptAttributes(attempt: Attempt): Attributes {
  return {
    ...serverAttributes(attempt),
    ...(attempt.userHash !== undefined && { "user.hash": attempt.userHash }),
    ...(attempt.attempt > 1 && { "http.request.resend_count": attempt.attempt - 1 }),
  };
}

/** What spans and metrics of a request have. Not `url.full`: the URL of `save` holds an access token. */
export function serverAttributes({ method, path, baseUrl }: Attempt): Attributes {
  const { protocol, hostname, port } = new URL(baseUrl);
  return {
    "http.request.method": method,
    "url.template": path,
    "server.address": hostname,
    "server.port": Number(port) || (protocol === "http:" ? 80 : 443),
  };
}

/** What is known of an operation at its end. */
export function resultAttributes({ status, outcome, requestId, rateLimit }: OperationResult): Attributes {
  return {
    ...(status !== undefined && { "http.response.status_code": status }),
    ...(outcome !== undefined && { "calbridge.refresh.outcome": outcome }),
    ...(requestId !== undefined && { "http.response.header.x-request-id": [requestId] }),
    ...(rateLimit && { "calbridge.rate_limit.remaining": rateLimit.remaining }),
  };
}

/**
 * The `error.type` of an operation, or `undefined` for a success: the code of a `CalError`, or a status. Of another error
 * only that it is one: an error of the application's own may hold a secret.
 */
export function errorTypeOf(
  { kind }: Operation,
  { status }: OperationResult,
  failure: { error: unknown } | undefined,
): string | undefined {
  if (failure) return isCalError(failure.error) ? failure.error.code : "_OTHER";
  // For a server, a status of 4xx is the caller's mistake; for a client it is a failed request.
  const isFailed = status !== undefined && status >= (kind === "handler" ? 500 : 400);
  return isFailed ? String(status) : undefined;
}
