import type {
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationStatus,
} from "./types.js";

// Longer than the handlers take when Cal.com doesn't answer and every repeat fails as well.
const TIMEOUT_MS = 60_000;

/** What routes of the handlers answer as `data`. */
export interface Answers {
  status: CalendarIntegrationStatus;
  "sync-credentials": CalendarIntegrationStatus & {
    connected: boolean;
    reason?: CalendarIntegrationErrorCode;
  };
  disconnect: object;
  "apple-credentials": { connected?: boolean; reason?: CalendarIntegrationErrorCode };
  "oauth-connect-url": { authUrl: string };
}

/** Asks a route of the handlers: with a `body` a POST, else a GET. Rejects with the code of what went wrong. */
export async function request<Route extends keyof Answers>(
  { basePath = "/api/cal", fetch = globalThis.fetch }: CalendarIntegrationOptions,
  route: Route,
  body?: object,
  query = "",
): Promise<Answers[Route]> {
  let code: CalendarIntegrationErrorCode = "network_error";
  try {
    const response = await fetch(`${basePath}/calendars/${route}${query}`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    // What stands in front of the handlers answers in its own way: a guard, a proxy.
    code =
      response.status === 401
        ? "unauthenticated"
        : response.status < 500
          ? "invalid_response"
          : "unavailable";
    const { data, error } = JSON.parse(text) as {
      data?: Answers[Route];
      error?: { code: CalendarIntegrationErrorCode };
    };
    if (data) return data;
    code = error?.code ?? code;
  } catch {
    // Whatever a browser calls it: offline, blocked, timed out, cut short; or a body that is no JSON.
  }
  throw new Error(code);
}
