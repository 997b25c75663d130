import type { CalEmulator, EmulatorFetch } from "../../src/testing/index.js";

/** A response with its body. */
export interface ApiResponse {
  status: number;
  headers: Headers;
  // Tests read any field. The recordings check the shapes.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** Plain calls to an emulator, over its `fetch` or over HTTP. */
export function callerOf(emulator: CalEmulator, fetch: EmulatorFetch = emulator.fetch) {
  async function call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<ApiResponse> {
    const response = await fetch(`${emulator.url}${path}`, {
      method,
      redirect: "manual",
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  return {
    /** As the client, with its secret. */
    client: (method: string, path: string, body?: unknown) =>
      call(method, path, { "x-cal-secret-key": emulator.clientSecret }, body),
    /** As a managed user. */
    user: (accessToken: string, method: string, path: string, body?: unknown) =>
      call(method, path, { Authorization: `Bearer ${accessToken}` }, body),
    /** Without authentication. */
    anonymous: (path: string) => call("GET", path, {}),
    refresh: (refreshToken: string) =>
      call(
        "POST",
        `/oauth/${emulator.clientId}/refresh`,
        { "x-cal-secret-key": emulator.clientSecret },
        { refreshToken },
      ),
    /** A request to OAuth 2's token endpoint. */
    token: async (
      fields: Record<string, string>,
      headers: Record<string, string> = {},
    ): Promise<ApiResponse> => {
      const body = new URLSearchParams(fields);
      const response = await fetch(`${emulator.url}/auth/oauth2/token`, { method: "POST", headers, body });
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    authUrl: async (
      accessToken: string,
      provider = "google",
      redir = "https://app.example/done",
    ): Promise<string> => {
      const query = new URLSearchParams({ redir, isDryRun: "false" });
      const response = await call("GET", `/calendars/${provider}/connect?${query}`, {
        Authorization: `Bearer ${accessToken}`,
      });
      return String(response.body.data.authUrl);
    },
  };
}
