import { describe, expect, test } from "vitest";
import { createOAuth2Emulator } from "../../support/oauth2-emulator.js";

const NOT_AVAILABLE = "insufficient_scope: this endpoint is not available for third-party OAuth tokens";

/** Each endpoint with its scope. `null`: no token with scopes may call it. */
const endpoints: [method: string, path: string, scope: string | null][] = [
  ["GET", "/me", "PROFILE_READ"],
  ["PATCH", "/me", "PROFILE_WRITE"],
  ["GET", "/calendars", "APPS_READ"],
  ["GET", "/calendars/google/connect", "APPS_WRITE"],
  ["GET", "/calendars/office365/connect", "APPS_WRITE"],
  ["GET", "/calendars/google/check", "APPS_READ"],
  ["POST", "/calendars/google/disconnect", "APPS_WRITE"],
  ["POST", "/calendars/apple/credentials", "APPS_WRITE"],
  ["POST", "/calendars/ics-feed/save", "APPS_WRITE"],
  ["GET", "/calendars/ics-feed/check", "APPS_READ"],
  ["GET", "/calendars/busy-times", "APPS_READ"],
  ["PUT", "/destination-calendars", "APPS_WRITE"],
  ["POST", "/selected-calendars", "APPS_WRITE"],
  ["DELETE", "/selected-calendars", "APPS_WRITE"],
  ["GET", "/calendars/google/events/x", "APPS_READ"],
  ["PATCH", "/calendars/google/events/x", "APPS_WRITE"],
  ["GET", "/calendars/connections", null],
  ["GET", "/calendars/connections/1/events", null],
  ["POST", "/calendars/connections/1/events", null],
  ["GET", "/calendars/connections/1/events/x", null],
  ["PATCH", "/calendars/connections/1/events/x", null],
  ["DELETE", "/calendars/connections/1/events/x", null],
  ["GET", "/calendars/connections/1/freebusy", null],
  ["GET", "/calendars/google/events", null],
  ["POST", "/calendars/google/events", null],
  ["DELETE", "/calendars/google/events/x", null],
  ["GET", "/calendars/google/freebusy", null],
  ["GET", "/oauth-clients/test-client/users", null],
  ["POST", "/oauth-clients/test-client/users/101/force-refresh", null],
  ["POST", "/oauth/test-client/refresh", null],
  ["GET", "/auth/oauth2/clients/app", null],
  ["GET", "/bookings", null],
  ["GET", "/schedules", null],
];

async function caller(mode: "strict" | "lenient", scopes: string[]) {
  const { emulator, api, ada } = createOAuth2Emulator(mode);
  const { accessToken } = await emulator.oauth2.issueTokens({ clientId: "app", userId: ada.id, scopes });
  return async (method: string, path: string): Promise<string | undefined> => {
    const body = ["POST", "PUT", "PATCH"].includes(method) ? {} : undefined;
    const response = await api.user(accessToken, method, path, body);
    const message: unknown = response.body?.error?.message;
    return response.status === 403 && typeof message === "string" ? message : undefined;
  };
}

describe("scopes on a strict server", () => {
  test.each(endpoints)("%s %s needs %s", async (method, path, scope) => {
    const others = ["PROFILE_READ", "PROFILE_WRITE", "APPS_READ", "APPS_WRITE"].filter(
      (one) => one !== scope,
    );
    const refused = await (await caller("strict", others))(method, path);
    if (scope === null) {
      expect(refused).toBe(NOT_AVAILABLE);
      return;
    }
    expect(refused).toBe(
      `insufficient_scope: token does not have the required scopes. Required: ${scope}. Token has: ${others.join(", ")}`,
    );
    expect(await (await caller("strict", [scope]))(method, path)).toBeUndefined();
  });

  test.each([
    ["without scopes", []],
    ["with legacy scopes only", ["READ_BOOKING", "READ_PROFILE"]],
  ])("a token %s may do everything", async (_, scopes) => {
    const call = await caller("strict", scopes);
    for (const [method, path] of endpoints) {
      const refused = (await call(method, path)) ?? "";
      expect(refused, `${method} ${path}`).not.toContain("insufficient_scope");
    }
  });

  test("one new scope makes a token a scoped one", async () => {
    expect(await (await caller("strict", ["READ_PROFILE", "APPS_READ"]))("GET", "/me")).toContain(
      "Required: PROFILE_READ. Token has: READ_PROFILE, APPS_READ",
    );
  });

  test("save accepts a token with any scope in its state", async () => {
    const { emulator, api, ada } = createOAuth2Emulator();
    const { accessToken } = await emulator.oauth2.issueTokens({
      clientId: "app",
      userId: ada.id,
      scopes: ["APPS_READ"],
    });
    const state = JSON.stringify({ accessToken, origin: "o", redir: "https://app.example/" });
    const query = new URLSearchParams({ state, code: "good:alice" });
    expect((await api.anonymous(`/calendars/google/save?${query}`)).status).toBe(301);
    expect(emulator.calendars.credentials(ada.id)).toHaveLength(1);
  });
});

describe("scopes on a lenient server", () => {
  test("are not enforced", async () => {
    const call = await caller("lenient", ["BOOKING_READ"]);
    for (const [method, path] of endpoints) {
      const refused = (await call(method, path)) ?? "";
      expect(refused, `${method} ${path}`).not.toContain("insufficient_scope");
    }
  });
});
