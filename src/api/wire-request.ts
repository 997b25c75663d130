import { CalValidationError } from "../errors.js";
import { takesCacheOption } from "./cache-option.js";
import type { ApiCall, Auth } from "./request.js";
import { callUrl } from "./url.js";

/** A request in the form that `fetch` takes. */
export interface WireRequest {
  url: string;
  method: ApiCall<unknown>["method"];
  headers: Record<string, string>;
  body?: string;
  redirect: "manual";
  cache?: "no-store";
}

/** Where a request goes, and who sends it. */
interface Sender {
  baseUrl: string;
  /** The platform client, for a request that it sends itself. */
  client: { clientId: string; clientSecret: string } | undefined;
}

/** The request of a call. */
export function wireRequest(call: ApiCall<unknown>, auth: Auth, { baseUrl, client }: Sender): WireRequest {
  const headers = { ...headersFor(auth, client), ...call.headers };
  if (call.body !== undefined) headers["content-type"] = "application/json";
  return {
    url: callUrl(baseUrl, call.path, call.params, call.query),
    method: call.method,
    headers,
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    // The redirect of `save` is read and not followed. Any other redirect is an error: following it would send the
    // authorization headers to another address.
    redirect: "manual",
    // Next.js 14 keeps responses of fetch for an hour and longer, those of a user's calendars as well.
    ...(takesCacheOption() && { cache: "no-store" as const }),
  };
}

function headersFor(auth: Auth, client: Sender["client"]): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (auth.kind === "bearer") headers["authorization"] = `Bearer ${auth.accessToken}`;
  if (client) {
    // Without x-cal-client-id the request counts against the IP address: 120 a minute instead of 500.
    headers["x-cal-client-id"] = client.clientId;
    headers["x-cal-secret-key"] = client.clientSecret;
  }
  if (auth.kind === "none" && auth.clientId !== undefined) headers["x-cal-client-id"] = auth.clientId;
  return headers;
}

/** The runtime's own error for an invalid header value contains the value. */
export function assertHeaderSafe(auth: Auth): void {
  if (auth.kind === "bearer" && !/^[\x21-\x7e]+$/.test(auth.accessToken)) {
    throw new CalValidationError(
      "The stored access token has characters that are not allowed in an HTTP header.",
    );
  }
}
