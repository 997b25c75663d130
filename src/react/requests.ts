import type {
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationStatus,
} from "./types.js";

// Longer than the handlers take when Cal.com does not respond and every retry times out.
const TIMEOUT_MS = 60_000;

/** The `data` that each route of the handlers returns. */
export interface RouteData {
  status: CalendarIntegrationStatus;
  "sync-credentials": CalendarIntegrationStatus & {
    connected: boolean;
    reason?: CalendarIntegrationErrorCode;
  };
  disconnect: object;
  "apple-credentials": { connected?: boolean; reason?: CalendarIntegrationErrorCode };
  "oauth-connect-url": { authUrl: string };
}

/** Calls a route of the handlers: POST with a `body`, else GET. Rejects with an `Error` whose message is the error's code. */
export async function request<Route extends keyof RouteData>(
  { basePath = "/api/cal", fetch = globalThis.fetch }: CalendarIntegrationOptions,
  route: Route,
  body?: object,
  query = "",
): Promise<RouteData[Route]> {
  let code: CalendarIntegrationErrorCode = "network_error";
  // Without a signal: Safari 15 has no AbortSignal.timeout(), and Node's fetch refuses the signals of jsdom.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeIsUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("timeout")), TIMEOUT_MS);
  });
  try {
    const response = await Promise.race([
      timeIsUp,
      fetch(
        `${basePath}/calendars/${route}${query}`,
        body && {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        },
      ),
    ]);
    const text = await Promise.race([timeIsUp, response.text()]);
    // The response may come from something in front of the handlers, such as a proxy, and have no code of theirs.
    code =
      response.status === 401
        ? "unauthenticated"
        : response.status < 500
          ? "invalid_response"
          : "unavailable";
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
  throw new Error(code);
}
