import { describe, expect, test } from "vitest";
import { createApp, createBrowser, endOf, ORIGIN, ownCallback } from "../support/handlers-app.js";

const json = { "content-type": "application/json" };

describe("wants users to end on a page of theirs (open redirect)", () => {
  const evil = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https://app.example@evil.example",
    "https://app.example:pass@app.example/",
    "https://app.example.evil.example",
    "https://app.example\\@evil.example",
    "https://evil.example#@app.example",
    "https://app.example:444/",
    "http://app.example/",
    "javascript:alert(1)",
    "JaVaScRiPt://app.example/%0aalert(1)",
    "data:text/html,x",
    "blob:https://app.example/x",
    "%2f%2fevil.example",
    "%68ttps://evil.example",
    "/\u0000/evil.example",
    "https://app.example\u3002evil.example",
    "https://evil。example",
    `/${"a".repeat(1100)}`,
  ];

  test.each(evil)("returnUrl=%j", async (returnUrl) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const query = new URLSearchParams({ type: "google", returnUrl }).toString();
    const response = await ada.fetch(`/calendars/oauth-connect-url?${query}`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("evil");
  });

  test.each(["/%2f%2fevil.example", "/.//evil.example", "/a/..//evil.example", "/x?u=//evil.example"])(
    "a path that only looks like another host: %s",
    async (returnUrl) => {
      const app = createApp();
      const ada = createBrowser(app.handlers.handle).signIn("ada");
      const link = await ada.start("google", `&returnUrl=${encodeURIComponent(returnUrl)}`);
      const back = await ada.visit((await app.emulator.provider.authorize(link)).redirectTo);
      expect(new URL(back.headers.get("location")!).origin).toBe(ORIGIN);
      expect(back.headers.get("location")).toMatch(/^https:\/\/app\.example\//);
    },
  );

  test("another origin of the application is allowed if it is listed", async () => {
    const app = createApp({ handlers: { allowedOrigins: ["https://www.app.example"] } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google", "&returnUrl=https%3A%2F%2Fwww.app.example%2Fx");
    const back = await ada.visit((await app.emulator.provider.authorize(link)).redirectTo);
    expect(back.headers.get("location")).toMatch(/^https:\/\/www\.app\.example\/x\?/);
  });
});

test("wants headers of theirs in a response (header injection)", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const injected = "/x%0d%0aSet-Cookie:%20a=b";
  for (const returnUrl of [injected, "/x\r\nSet-Cookie: a=b"]) {
    const query = new URLSearchParams({ type: "google", returnUrl }).toString();
    const response = await ada.fetch(`/calendars/oauth-connect-url?${query}`);
    const cookies = response.headers.getSetCookie();
    expect(cookies.every((cookie) => cookie.startsWith("__Host-calbridge-"))).toBe(true);
  }
  const back = await ada.visit(
    ownCallback("google", { cal_state: "a\r\nSet-Cookie: a=b", error: "x\r\nLocation: //evil.example" }),
  );
  expect(endOf(back)).toMatchObject({ page: "/failed", reason: "invalid_state" });
  expect(back.headers.getSetCookie()).toEqual([]);
});

describe("wants a page of theirs to act in a user's name (CSRF)", () => {
  const calendar = { credentialId: 1, integration: "google_calendar", externalId: "x" };
  const requests: [string, string, unknown][] = [
    ["GET", "/calendars/oauth-connect-url?type=google", undefined],
    ["POST", "/calendars/oauth-connect-url", { type: "google" }],
    ["GET", "/refresh", undefined],
    ["GET", "/calendars/save-oauth-cal-creds?code=c&state=s", undefined],
    ["POST", "/calendars/save-oauth-cal-creds", { code: "c", state: "s" }],
    ["POST", "/calendars/sync-credentials", { calendarType: "google" }],
    ["POST", "/calendars/disconnect", { calendarType: "google" }],
    ["POST", "/calendars/apple-credentials", { username: "u", password: "p" }],
    ["POST", "/calendars/select", { ...calendar, isSelected: true }],
    ["POST", "/calendars/destination", calendar],
    ["POST", "/calendars/restore", {}],
  ];
  const origins: Record<string, string>[] = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "cross-site", origin: ORIGIN },
    { "sec-fetch-site": "same-site", origin: "https://evil.app.example" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "https://app.example.evil.example" },
    { referer: "https://evil.example/page" },
  ];

  test.each(requests)("%s %s", async (method, path, body) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const asked = app.emulator.requests.length;
    for (const origin of origins) {
      const response = await app.handlers.handle(
        new Request(`${ORIGIN}/api/cal${path}`, {
          method,
          headers: { ...json, ...origin, cookie: "session=ada" },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
      );
      expect(response.status).toBe(403);
      expect((await response.json()).error.code).toBe("cross_site");
    }
    expect(app.emulator.requests.length).toBe(asked);
    const own = await ada.fetch(path, {
      method,
      headers: { ...json, "sec-fetch-site": "same-origin", origin: ORIGIN },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(own.status).not.toBe(403);
  });

  test.each(requests.filter(([method]) => method === "POST"))("%s %s by a form", async (_method, path) => {
    const app = createApp();
    for (const type of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""]) {
      const response = await app.handlers.handle(
        new Request(`${ORIGIN}/api/cal${path}`, {
          method: "POST",
          headers: { cookie: "session=ada", ...(type !== "" && { "content-type": type }) },
          body: new TextEncoder().encode('{"calendarType":"google"}'),
        }),
      );
      expect(response.status).toBe(415);
    }
  });

  test("a sibling origin is accepted if it is listed", async () => {
    const app = createApp({ handlers: { allowedOrigins: ["https://www.app.example"] } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const headers = { "sec-fetch-site": "same-site", origin: "https://www.app.example" };
    expect((await ada.fetch("/refresh", { headers })).status).toBe(200);
  });
});

test("wants links to lead to a host of theirs, by forged proxy headers", async () => {
  const app = createApp();
  const response = await app.handlers.handle(
    new Request("http://evil.example/api/cal/calendars/oauth-connect-url?type=google", {
      headers: {
        cookie: "session=ada",
        host: "evil.example",
        forwarded: "host=evil.example;proto=http",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "http",
        "x-original-url": "/evil",
      },
    }),
  );
  const { data } = (await response.json()) as { data: { authUrl: string } };
  const state = new URL(data.authUrl).searchParams.get("state");
  expect((JSON.parse(state!) as { redir: string }).redir).toMatch(
    /^https:\/\/app\.example\/api\/cal\/gcal-oauth-redirect\?cal_state=/,
  );
  expect(decodeURIComponent(data.authUrl)).not.toContain("evil");
  expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-.*; HttpOnly; SameSite=Lax; Secure$/);
});
