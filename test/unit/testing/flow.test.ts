import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCalEmulator, type CalEmulator, type ListeningEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

const transports = {
  "its fetch": () => Promise.resolve(undefined),
  HTTP: (emulator: CalEmulator) => emulator.listen(),
};

describe.each(Object.entries(transports))("the emulator over %s", (_, start) => {
  let emulator: CalEmulator;
  let server: ListeningEmulator | undefined;
  let api: ReturnType<typeof callerOf>;
  let ada: Awaited<ReturnType<CalEmulator["users"]["create"]>>;

  beforeEach(async () => {
    emulator = createCalEmulator();
    server = await start(emulator);
    api = callerOf(emulator, server ? fetch : emulator.fetch);
    ada = await emulator.users.create({ email: "ada@example.com", name: "Ada", timeZone: "Europe/London" });
  });
  afterEach(() => server?.close());

  const check = async (provider = "google"): Promise<number> =>
    (await api.user(ada.accessToken, "GET", `/calendars/${provider}/check`)).status;

  test("a user connects, lists and disconnects a calendar", async () => {
    const created = await api.client("POST", "/oauth-clients/test-client/users", {
      email: "grace@example.com",
      name: "Grace",
    });
    expect(created.status).toBe(201);
    const { user } = created.body.data;
    const accessToken = String(created.body.data.accessToken);
    const authUrl = await api.authUrl(accessToken);
    expect(authUrl).toMatch(new URL(emulator.url).origin);

    const end = await emulator.provider.authorize(authUrl, { account: "alice" });
    expect(end).toEqual({ redirectTo: "https://app.example/done", status: 301 });
    expect((await api.user(accessToken, "GET", "/calendars/google/check")).status).toBe(200);

    const list = await api.user(accessToken, "GET", "/calendars");
    const [entry] = list.body.data.connectedCalendars;
    expect(entry.primary).toMatchObject({ externalId: "alice@gmail.example", isSelected: true });
    expect(list.body.data.destinationCalendar).toMatchObject({
      userId: user.id,
      credentialId: entry.credentialId,
    });

    const gone = await api.user(accessToken, "POST", "/calendars/google/disconnect", {
      id: entry.credentialId,
    });
    expect(gone.body.data).toMatchObject({ id: entry.credentialId, type: "google_calendar", invalid: false });
    expect((await api.user(accessToken, "GET", "/calendars")).body.data).toEqual({
      connectedCalendars: [],
      destinationCalendar: {},
    });
  });

  test.each(["google", "office365"])(
    "denied consent at %s redirects like success, and saves nothing",
    async (provider) => {
      const authUrl = await api.authUrl(ada.accessToken, provider);
      const end = await emulator.provider.authorize(authUrl, { deny: true });
      expect(end).toEqual({ redirectTo: "https://app.example/done", status: 301 });
      expect(await check(provider)).toBe(400);
    },
  );

  test.each(["google", "office365"])(
    "an account without a primary calendar at %s redirects like success, and saves nothing",
    async (provider) => {
      const authUrl = await api.authUrl(ada.accessToken, provider);
      const end = await emulator.provider.authorize(authUrl, { account: "nocalendar" });
      expect(end.redirectTo).toBe("https://app.example/done");
      expect(emulator.calendars.credentials(ada.id)).toEqual([]);
    },
  );

  test("consent without the scope of Google's calendars ends at Cal.com's error page", async () => {
    const authUrl = await api.authUrl(ada.accessToken);
    const end = await emulator.provider.authorize(authUrl, { withoutCalendarScope: true });
    expect(end.status).toBe(500);
    expect(end.redirectTo).toContain("/v2/calendars/google/save?");
    expect(await check()).toBe(400);
  });

  test("an application can receive code and state itself", async () => {
    const authUrl = await api.authUrl(ada.accessToken, "office365");
    const { code, state } = await emulator.provider.authorize(authUrl, {
      account: "bob",
      stopBeforeCallback: true,
    });
    expect(JSON.parse(state!)).toMatchObject({
      accessToken: ada.accessToken,
      redir: "https://app.example/done",
    });
    expect(emulator.count()).toBe(1);

    const query = new URLSearchParams({ code: code!, state: state! });
    const saved = await api.anonymous(`/calendars/office365/save?${query}`);
    expect([saved.status, saved.headers.get("location")]).toEqual([301, "https://app.example/done"]);
    expect(await check("office365")).toBe(200);

    // A code works once. That Microsoft rejects it is not visible in the redirect.
    emulator.calendars.remove({ userId: ada.id });
    expect((await api.anonymous(`/calendars/office365/save?${query}`)).status).toBe(301);
    expect(emulator.calendars.credentials(ada.id)).toEqual([]);
  });

  test("a refresh token works once", async () => {
    const first = await api.refresh(ada.refreshToken);
    expect(first.status).toBe(200);
    const again = await api.refresh(ada.refreshToken);
    expect([again.status, again.body.error.message]).toEqual([400, "Invalid refresh token"]);
    expect((await api.user(ada.accessToken, "GET", "/me")).status).toBe(200);
    expect((await api.user(String(first.body.data.accessToken), "GET", "/me")).status).toBe(200);
  });

  test("of several refreshes at the same time, one succeeds", async () => {
    const statuses = (await Promise.all([1, 2, 3].map(() => api.refresh(ada.refreshToken)))).map(
      (a) => a.status,
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => [404, 400].includes(status))).toHaveLength(2);
  });

  test("requests are logged without secrets", async () => {
    await emulator.provider.authorize(await api.authUrl(ada.accessToken));
    await api.refresh(ada.refreshToken);
    const userId = ada.id;
    expect(emulator.requests).toMatchObject([
      { method: "GET", path: "/calendars/google/connect", status: 200, userId, clientId: "test-client" },
      { method: "GET", path: "/gcal/oauth/save", status: 301 },
      { method: "GET", path: "/calendars/google/save", status: 301, userId },
      { method: "POST", path: "/oauth/test-client/refresh", status: 200, userId, clientId: "test-client" },
    ]);
    expect(JSON.stringify(emulator.requests)).not.toMatch(/ey[\w-]+\.|state|code|test-secret/);
    expect(emulator.count({ path: /^\/calendars/ })).toBe(2);
    expect(emulator.count({ method: "post", path: "/oauth/test-client/refresh" })).toBe(1);
  });
});

describe("the listening server", () => {
  test("url is the server's address only while it listens", async () => {
    const emulator = createCalEmulator();
    const before = emulator.url;
    const server = await emulator.listen();
    expect(emulator.url).toBe(server.url);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v2$/);
    await expect(emulator.listen()).rejects.toThrow("listening already");
    await server.close();
    expect(emulator.url).toBe(before);
    await expect(fetch(server.url)).rejects.toThrow("fetch failed");
  });

  test("does not replace the global Request and Response", async () => {
    const { Request: request, Response: response } = globalThis;
    const server = await createCalEmulator().listen();
    expect([globalThis.Request, globalThis.Response]).toEqual([request, response]);
    await server.close();
  });
});

describe("emulator.clientOptions", () => {
  test("is the first platform client, the base URL and the fetch of the emulator", () => {
    const emulator = createCalEmulator({ clientId: "my-client", clientSecret: "my-secret" });
    expect(emulator.clientOptions).toEqual({
      managedUsers: { clientId: "my-client", clientSecret: "my-secret" },
      baseUrl: "https://api.cal.example/v2",
      fetch: emulator.fetch,
    });
  });

  test("has the server's URL while the emulator listens", async () => {
    const emulator = createCalEmulator();
    const server = await emulator.listen();
    expect(emulator.clientOptions.baseUrl).toBe(server.url);
    const { baseUrl, fetch } = emulator.clientOptions;
    expect((await fetch(`${baseUrl}/me`)).status).toBe(401);
    await server.close();
    expect(emulator.clientOptions.baseUrl).toBe("https://api.cal.example/v2");
  });
});

describe("emulator.fetch", () => {
  test("rejects other hosts, without the URL's query in the error", async () => {
    const { fetch } = createCalEmulator();
    const failure = await fetch("https://api.cal.com/v2/me?token=a-secret").catch((error: unknown) => error);
    expect(String(failure)).toContain("https://api.cal.com");
    expect(String(failure)).not.toContain("a-secret");
  });

  test("follows redirects unless redirect is manual or error", async () => {
    const emulator = createCalEmulator();
    const state = JSON.stringify({ redir: "https://app.example/done" });
    const url = `${emulator.url}/gcal/oauth/save?${new URLSearchParams({ state })}`;
    expect((await emulator.fetch(url, { redirect: "manual" })).status).toBe(301);
    await expect(emulator.fetch(url)).rejects.toThrow("https://app.example");
    await expect(emulator.fetch(url, { redirect: "error" })).rejects.toThrow(TypeError);
    // An empty Location resolves to the same URL.
    await expect(emulator.fetch(`${emulator.url}/calendars/google/save?state={}`)).rejects.toThrow(
      "fetch failed",
    );
  });

  test("accepts a Request", async () => {
    const emulator = createCalEmulator();
    const response = await emulator.fetch(new Request(`${emulator.url}/me`));
    expect(response.status).toBe(401);
  });
});
