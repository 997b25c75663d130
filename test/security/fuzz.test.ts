import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryConnectionStore } from "../../src/index.js";
import type { CalHandlers } from "../../src/handlers/index.js";
import type { CalEmulator } from "../../src/testing/index.js";
import {
  createApp,
  createBrowser,
  ORIGIN,
  ownCallback,
  SECRET,
  type Browser,
} from "../support/handlers-app.js";
import { consent, createLinkingApp, startLink } from "../support/linking-app.js";

// For more: CALBRIDGE_FUZZ_REQUESTS=100000 npx vitest run test/security/fuzz.test.ts
const REQUESTS = Number(process.env["CALBRIDGE_FUZZ_REQUESTS"] ?? 20_000);
const REQUESTS_A_RUN = 20;
const RUNS_AN_APP = 100;

const routes = {
  "/calendars/oauth-connect-url": ["type", "returnUrl", "select", "reconnect", "popup"],
  "/gcal-oauth-redirect": ["cal_state", "code", "state", "error", "scope"],
  "/office-oauth-redirect": ["cal_state", "code", "state", "error"],
  "/calendars/save-oauth-cal-creds": ["code", "state"],
  "/calendars/sync-credentials": ["calendarType"],
  "/calendars/status": [],
  "/calendars/disconnect": ["calendarType", "credentialId"],
  "/calendars/apple-credentials": ["username", "password"],
  "/calendars/select": ["credentialId", "integration", "externalId", "isSelected"],
  "/calendars/destination": ["credentialId", "integration", "externalId"],
  "/calendars/restore": [],
  "/oauth/authorize-url": ["returnUrl", "replace", "takeOver", "popup"],
  "/oauth/callback": ["code", "state", "error"],
  "/oauth/unlink": [],
  "/refresh": [],
  "/connections/check": [],
  "/nothing": [],
} satisfies Record<string, string[]>;

const POPUP = "the-popup-of-a-page";

/** What a request may carry that was good once, or still is. */
interface Material {
  values: string[];
  cookies: string[];
}

const failures: unknown[] = [];
const onFailure = (error: unknown) => void failures.push(error);
beforeAll(() => void process.on("unhandledRejection", onFailure).on("uncaughtException", onFailure));
afterAll(() => void process.off("unhandledRejection", onFailure).off("uncaughtException", onFailure));

/** An application to which the requests go. */
interface Target {
  emulator: CalEmulator;
  handlers: CalHandlers;
  log: string[];
  secrets: string[];
  /** Links the Cal.com accounts of a user first, and leaves states and codes of attempts. */
  link: ((browser: Browser, userId: string) => Promise<string[]>) | null;
}

const CRON_SECRET = "a-cron-secret-that-is-long-enough";

/** Managed users, whose connections are checked as well. */
function managedTarget(): Target {
  const { emulator, handlers, log } = createApp({
    client: { connectionStore: memoryConnectionStore() },
    handlers: { cronSecret: CRON_SECRET },
  });
  return { emulator, handlers, log, secrets: [emulator.clientSecret, CRON_SECRET], link: null };
}

/** Users with own Cal.com accounts; also a platform client without users. */
function linkingTarget(kind: "confidential" | "public"): Target {
  const app = createLinkingApp({ kind, newUsers: "oauth" });
  const { emulator, handlers, told } = app;
  return {
    emulator,
    handlers,
    log: told.log,
    secrets: [emulator.clientSecret, "app-secret"],
    async link(browser, userId) {
      const person = userId === "ada" ? "ada" : "grace";
      const done = await consent(app, await startLink(browser), { person });
      await browser.visit(done);
      const open = await consent(app, await startLink(browser), { person });
      const callbacks = [done, open, await consent(app, await startLink(browser), { deny: true })];
      return callbacks.flatMap((url) => [url, ...new URL(url).searchParams.values()]);
    },
  };
}

/** Two users with calendars, and the leftovers of attempts that are open, ended, denied and another user's. */
async function prepare({ emulator, handlers, link }: Target): Promise<Material> {
  const material: Material = { values: [], cookies: [] };
  for (const userId of ["ada", "bob"]) {
    const browser = createBrowser(handlers.handle).signIn(userId);
    if (link) material.values.push(...(await link(browser, userId)));
    for (const provider of ["google", "office365"] as const) {
      const first = await emulator.provider.authorize(await browser.start(provider));
      await browser.visit(first.redirectTo);
      const { code, state } = await emulator.provider.authorize(await browser.start(provider), {
        stopBeforeCallback: true,
      });
      const open = await emulator.provider.authorize(await browser.start(provider));
      const inPopup = await emulator.provider.authorize(await browser.start(provider, `&popup=${POPUP}`));
      for (const url of [first.redirectTo, open.redirectTo, inPopup.redirectTo]) {
        material.values.push(new URL(url).searchParams.get("cal_state")!);
      }
      material.values.push(code!, state!, ownCallback(provider, { code, state }));
    }
    material.cookies.push(await browser.jar.getCookieString(ORIGIN));
  }
  return material;
}

const header = fc.string({
  unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
});

function requestsOf({ values, cookies }: Material) {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom(
      ...values,
      "google",
      "office365",
      "apple",
      "ics-feed",
      "1",
      POPUP,
      "__proto__",
      "",
      "/",
      "{}",
      "null",
    ),
    fc.webUrl(),
    fc.json(),
  );
  const cookie = fc.oneof(
    fc.constantFrom("", ...cookies, "session=ada", "session=bob", "session="),
    fc.tuple(header, header).map(([a, b]) => `session=ada; __Host-calbridge-${a}=${b}`),
    fc.constantFrom(...values).map((value) => `session=ada; __Host-calbridge-x=${encodeURIComponent(value)}`),
    header,
  );
  const fields = (names: string[]) => {
    const value = fc.oneof(text, fc.jsonValue(), fc.integer());
    const record = Object.fromEntries(names.map((name) => [name, value]));
    return fc.record(record, { requiredKeys: [] }).map((body) => JSON.stringify(body));
  };
  const name = fc.constantFrom(...(Object.keys(routes) as (keyof typeof routes)[]));
  return name.chain((route) => {
    const names = [...routes[route], "x"];
    return fc.record({
      path: fc.oneof({ weight: 20, arbitrary: fc.constant(`/api/cal${route}`) }, fc.webPath()),
      method: fc.constantFrom("GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"),
      query: fc.array(fc.tuple(fc.constantFrom(...names), text), { maxLength: 3 }),
      body: fc.oneof({ weight: 4, arbitrary: fields(names) }, fc.json(), fc.string(), fc.uint8Array()),
      type: fc.constantFrom("application/json", "application/json", "application/json", "text/plain", "x/y"),
      cookie,
      site: fc.constantFrom("same-origin", "same-origin", "cross-site", "same-site", "none", "", "?"),
      origin: fc.constantFrom(null, null, ORIGIN, "https://evil.example", "null"),
      more: fc.dictionary(
        fc.constantFrom("authorization", "referer", "content-length", "x-forwarded-host"),
        fc.oneof(header, fc.constant(`Bearer ${CRON_SECRET}`)),
      ),
    });
  });
}

type Sent = ReturnType<typeof requestsOf> extends fc.Arbitrary<infer T> ? T : never;

function toRequest({ path, method, query, body, type, cookie, site, origin, more }: Sent): Request {
  const headers = new Headers({ ...more, cookie, "content-type": type, "sec-fetch-site": site });
  if (origin !== null) headers.set("origin", origin);
  const url = `${ORIGIN}${path}?${new URLSearchParams(query).toString()}`;
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(url, { method, headers, ...(hasBody && { body: body as BodyInit }) });
}

// A token may go to its own user, by the routes that are there for it: with a connect URL, or by itself.
const givesTokens = /\/(calendars\/oauth-connect-url|oauth\/callback|refresh)\/?$/;

/** Sends requests to an application, and counts the statuses of the responses. */
async function attack(target: Target, statuses: Map<number, number>): Promise<void> {
  const { emulator, handlers, log } = target;
  const material = await prepare(target);
  const secrets = [SECRET, ...target.secrets];
  const property = fc.asyncProperty(
    fc.array(requestsOf(material), { minLength: REQUESTS_A_RUN, maxLength: REQUESTS_A_RUN }),
    async (batch) => {
      for (const sent of batch) {
        const response = await handlers.handle(toRequest(sent));
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        const text = await response.text();
        const told = text + JSON.stringify([...response.headers]);
        expect(response.status, text).toBeLessThan(500);
        const location = response.headers.get("location");
        const isConsent = location !== null && new URL(location).origin === new URL(emulator.url).origin;
        if (response.status === 303) {
          // An account that is linked leads on to the provider's consent page.
          const mayLeave = isConsent && sent.path.endsWith("/oauth/callback");
          if (!mayLeave) expect(new URL(location!).origin).toBe(ORIGIN);
        } else if (response.headers.get("content-type")?.startsWith("text/html")) {
          expect(response.status).toBe(200);
          expect(text).toContain(`data-id="${POPUP}"`);
          expect(text.match(/<script/g)).toHaveLength(1);
        } else if (response.status === 200) {
          expect(JSON.parse(text)).toBeTypeOf("object");
        } else {
          expect(JSON.parse(text)).toMatchObject({ success: false, error: { code: expect.any(String) } });
        }
        for (const secret of secrets) expect(told).not.toContain(secret);
        const mayTell = (response.status === 200 || isConsent) && givesTokens.test(sent.path);
        if (!mayTell) expect(told).not.toMatch(/eyJhbGciOiJIUzI1NiI/);
      }
    },
  );
  await fc.assert(property, { numRuns: RUNS_AN_APP });
  for (const { id } of emulator.users.list()) {
    const { accessTokens, refreshTokens } = emulator.users.tokens(id);
    secrets.push(...accessTokens, ...refreshTokens);
  }
  for (const { id } of emulator.people.list()) {
    const { accessTokens, refreshTokens } = emulator.oauth2.tokens(id);
    secrets.push(...accessTokens, ...refreshTokens);
  }
  const written = log.join("\n");
  for (const secret of [...secrets, ...material.values.filter((value) => value.length > 20)]) {
    expect(written).not.toContain(secret);
  }
}

const targets: [string, () => Target][] = [
  ["managed users", managedTarget],
  ["own Cal.com accounts, a client with a secret", () => linkingTarget("confidential")],
  ["own Cal.com accounts, a client without one", () => linkingTarget("public")],
];

test.each(targets)(`arbitrary requests: %s`, { timeout: 600_000 }, async (_name, create) => {
  const requests = REQUESTS / targets.length;
  const statuses = new Map<number, number>();
  for (let done = 0; done < requests; done += REQUESTS_A_RUN * RUNS_AN_APP) await attack(create(), statuses);
  expect(failures).toEqual([]);
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(requests);
  // Else the requests would have tested little.
  for (const status of [200, 303, 400, 401, 403, 404, 405, 415]) {
    expect(statuses.get(status) ?? 0, `answers with ${status}`).toBeGreaterThan(requests / 500);
  }
});
