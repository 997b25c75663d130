import type { CalendarIntegrationErrorCode, CalendarIntegrationOptions } from "./types.js";

// Longer than the handlers take when Cal.com does not respond and every retry times out.
const TIMEOUT_MS = 60_000;

/** The `data` that each route of the handlers returns. Responses with connections are validated where they are used. */
export interface RouteData {
  "calendars/status": unknown;
  "calendars/sync-credentials": { connected: boolean; reason?: CalendarIntegrationErrorCode };
  "calendars/disconnect": object;
  "calendars/apple-credentials": { connected: boolean; reason?: CalendarIntegrationErrorCode };
  "calendars/oauth-connect-url": { authUrl: string };
  "calendars/select": unknown;
  "calendars/destination": unknown;
  "oauth/authorize-url": { authUrl: string };
  "oauth/unlink": object;
}

/** Why a request failed, or why its response can't be used. */
export class RequestError extends Error {
  constructor(readonly code: CalendarIntegrationErrorCode) {
    super(code);
  }
}

/** Calls a route of the handlers: POST with a `body`, else GET. Rejects with a {@link RequestError}. */
export async function request<Route extends keyof RouteData>(
  { basePath = "/api/cal", fetch = globalThis.fetch }: CalendarIntegrationOptions,
  route: Route,
  body?: object,
  query = "",
): Promise<RouteData[Route]> {
  const send = async (): Promise<[status: number, text: string]> => {
    const response = await fetch(
      `${basePath}/${route}${query}`,
      body && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      },
    );
    return [response.status, await response.text()];
  };
  let code: CalendarIntegrationErrorCode = "network_error";
  // Without a signal: Safari 15 has no AbortSignal.timeout(), and Node's fetch refuses the signals of jsdom.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeIsUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, TIMEOUT_MS);
  });
  try {
    const [status, text] = await Promise.race([timeIsUp, send()]);
    // The response may come from something in front of the handlers, such as a proxy, and have no code of theirs.
    code = status === 401 ? "unauthenticated" : status < 500 ? "invalid_response" : "unavailable";
    const { data, error } = JSON.parse(text) as {
      data?: RouteData[Route];
      error?: { code: CalendarIntegrationErrorCode };
    };
    if (data) return data;
    code = error?.code ?? code;
  } catch {
    // Browsers throw different errors (offline, blocked, timed out, incomplete); JSON.parse throws a SyntaxError.
  } finally {
    clearTimeout(timer);
  }
  throw new RequestError(code);
}
