import { afterEach, beforeEach, expect, test } from "vitest";
import type { TokenStore } from "../../../src/index.js";
import { createApp, createBrowser, SECRET } from "../../support/handlers-app.js";
import { browserOf, consent, createLinkingApp } from "../../support/linking-app.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createTelemetry, linesOf, treesOf } from "../../support/telemetry.js";

let otel: ReturnType<typeof createTelemetry>;
beforeEach(() => void (otel = createTelemetry()));
afterEach(() => otel.end());

/** Every value that must not be seen: what requests carried, and what the store and the emulator keep. */
function secretsCollector() {
  const secrets = new Set<string>([SECRET, "test-secret"]);
  const collect = (text: string): void => {
    // JWTs, and values of parameters that are no plain words.
    for (const [token] of text.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)) secrets.add(token);
  };
  return { secrets, collect };
}

/** A store that adds every token it keeps to the secrets. */
function watched(secrets: Set<string>) {
  return (store: Required<TokenStore>): TokenStore => ({
    ...store,
    set: (record, options) => {
      secrets.add(record.calAccessToken);
      secrets.add(record.calRefreshToken!);
      return store.set(record, options);
    },
  });
}

test("from the connect URL to the busy times, with one refresh: each step is a trace, and none has a secret", async () => {
  const { secrets, collect } = secretsCollector();
  const app = createApp({
    client: { telemetry: otel.telemetry },
    wrapStore: watched(secrets),
  });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const authUrl = await ada.start("google");
  collect(decodeURIComponent(authUrl));
  secrets.add(new URL(authUrl).searchParams.get("state")!);
  const { code, state } = await app.emulator.provider.authorize(authUrl, { stopBeforeCallback: true });
  secrets.add(code!).add(state!);
  // The application's own callback: its request to Cal.com's `save` has the token, the code and the state in its URL.
  await ada.post("/calendars/save-oauth-cal-creds", { calendarType: "google", code, state });
  app.emulator.clock.advance(61 * 60_000);
  const user = app.cal.forUser("ada");
  await otel.tracer.startActiveSpan("busy times", async (span) => {
    const { connectedCalendars } = await user.calendars.list();
    const [calendar] = connectedCalendars[0]!.calendars;
    const { credentialId, externalId } = calendar!;
    await user.calendars.busyTimes({
      calendars: [{ credentialId: credentialId!, externalId }],
      from: "2027-01-04",
      to: "2027-01-05",
      timeZone: "UTC",
    });
    span.end();
  });

  const lines = linesOf(treesOf(otel.spans()));
  expect(lines.filter((line) => !line.startsWith(" "))).toEqual([
    "calbridge handler oauthConnectUrl",
    "calbridge handler saveOauthCredentials",
    "busy times",
  ]);
  expect(lines).toContain("    GET /calendars/{calendar}/save");
  expect(lines.filter((line) => line.endsWith("calbridge refresh"))).toHaveLength(1);
  expect(lines.at(-1)).toBe("    GET /calendars/busy-times");

  const counted = (await otel.measured()).filter(({ name }) => name === "calbridge.connection.changes");
  expect(counted).toEqual([
    {
      name: "calbridge.connection.changes",
      attributes: { "calbridge.provider": "google", "calbridge.connection.status": "connected" },
      value: 1,
    },
  ]);
  expect(secrets.size).toBeGreaterThan(7);
  const seen = otel
    .spans()
    .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links }));
  expectNoSecret([seen, await otel.measured()], [...secrets]);
  // What is searched is really there: the store's spans are, and users are hashes.
  expect(JSON.stringify(seen)).toContain("calbridge store set");
  expect(JSON.stringify(seen)).not.toContain("ada@");
});

test.each(["confidential", "public"] as const)(
  "linking one's own Cal.com account, with one refresh, by a %s client: each step is a trace, and none has a secret",
  async (kind) => {
    const { secrets, collect } = secretsCollector();
    secrets.add("app-secret");
    const verifiers = new Set<string>();
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      const body = await request.clone().text();
      const { code_verifier: verifier } = (body.startsWith("{") ? JSON.parse(body) : {}) as {
        code_verifier?: string;
      };
      if (verifier !== undefined) verifiers.add(verifier);
      return app.emulator.fetch(request);
    };
    const client = { telemetry: otel.telemetry, fetch };
    const app = createLinkingApp({ kind, client, wrapStore: watched(secrets) });
    const ada = browserOf(app, "ada");
    const addParameters = (url: string, ...names: string[]): void => {
      for (const name of names) secrets.add(new URL(url).searchParams.get(name)!);
    };
    const authorizeUrl = await ada.start("google");
    addParameters(authorizeUrl, "state", ...(kind === "public" ? ["code_challenge"] : []));
    const back = await consent(app, authorizeUrl);
    addParameters(back, "code", "state");
    const authUrl = (await ada.visit(back)).headers.get("location")!;
    collect(decodeURIComponent(authUrl));
    addParameters(authUrl, "state");
    const { redirectTo } = await app.emulator.provider.authorize(authUrl, { account: "alice" });
    addParameters(redirectTo, "state");
    await ada.visit(redirectTo);
    app.emulator.clock.advance(31 * 60_000);
    const { connectedCalendars } = await app.cal.forUser("ada").calendars.list();
    expect(connectedCalendars).toHaveLength(1);

    const lines = linesOf(treesOf(otel.spans()));
    expect(lines.filter((line) => !line.startsWith(" "))).toEqual([
      "calbridge handler oauthConnectUrl",
      "calbridge handler oauthCallback",
      "calbridge handler googleOauthRedirect",
      "calbridge GET /calendars",
    ]);
    // The exchange of the code, and the refresh.
    expect(lines.filter((line) => line.endsWith("  POST /auth/oauth2/token"))).toHaveLength(2);
    expect(lines.filter((line) => line.endsWith("calbridge refresh"))).toHaveLength(1);
    expect(secrets.size).toBeGreaterThan(8);
    expect(verifiers.size).toBe(kind === "public" ? 1 : 0);
    const seen = otel
      .spans()
      .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links }));
    expectNoSecret([seen, await otel.measured()], [...secrets, ...verifiers]);
    expect(JSON.stringify(seen)).not.toMatch(/ada@|alice@/);
  },
);
