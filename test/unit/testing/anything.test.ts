import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";

const ROUTES = `
  GET oauth-clients/test-client/users           POST oauth-clients/test-client/users
  GET oauth-clients/test-client/users/101       PATCH oauth-clients/test-client/users/101
  POST oauth/test-client/refresh                POST oauth-clients/test-client/users/101/force-refresh
  GET me                                        PATCH me
  GET calendars                                 GET calendars/busy-times
  GET calendars/google/connect                  GET calendars/google/save
  GET calendars/office365/save                  GET gcal/oauth/save
  GET calendars/google/check                    GET gcal/oauth/auth-url
  POST calendars/apple/credentials              POST calendars/apple/disconnect
  POST calendars/ics-feed/save                  GET calendars/ics-feed/check
  GET calendars/connections                     GET calendars/connections/1/events
  POST calendars/connections/1/events           GET calendars/connections/1/freebusy
  PATCH calendars/connections/1/events/event1   DELETE calendars/google/events/event1
  PUT destination-calendars                     POST selected-calendars
  DELETE selected-calendars                     POST auth/oauth2/token
  GET auth/oauth2/clients/app                   POST auth/oauth2/token
  GET bookings                                  GET schedules
`
  .trim()
  .split(/\s{2,}|\n/)
  .map((route) => route.trim().split(" ") as [method: string, path: string]);

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.json(),
  fc.constantFrom(
    "good:alice",
    "bad",
    "2027-01-01",
    "a@b.example",
    "google_calendar",
    "alice@gmail.example",
    "app",
    "https://app.example/cb",
    "1",
  ),
);
const names = [
  "state",
  "code",
  "emails",
  "limit",
  "offset",
  "from",
  "to",
  "timeZone",
  "dateFrom",
  "dateTo",
  "redir",
];
const queryName = fc.oneof(
  fc.constantFrom("client_id", "redirect_uri", "scope", "code_challenge", "show_account_selector"),
  fc.constantFrom(...names, "integration", "externalId", "credentialId", "isDryRun", "calendarId"),
  fc.constantFrom(
    "redir[a]",
    "calendarsToLoad[0][credentialId]",
    "calendarsToLoad[]",
    "__proto__[a]",
    "a[b]c][",
  ),
  fc.string(),
);
const query = fc
  .array(fc.tuple(queryName, text), { maxLength: 6 })
  .map((pairs) => pairs.map(([key, value]) => `${enc(key)}=${enc(value)}`).join("&"));

// Lone surrogates have no percent-encoding.
const enc = (value: string): string => encodeURIComponent(value.toWellFormed());

const value = fc.oneof(text, fc.anything({ withNullPrototype: true }), fc.constantFrom(1, null, [], {}));
const properties =
  "email name timeZone metadata bio refreshToken username password urls readOnly id integration".split(" ");
const body = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .dictionary(
      fc.constantFrom(
        ...properties,
        "externalId",
        "credentialId",
        "title",
        "start",
        "end",
        "client_id",
        "grant_type",
        "refresh_token",
        "delegationCredentialId",
      ),
      value,
    )
    .map((record) =>
      JSON.stringify(record, (_, item: unknown) => (typeof item === "bigint" ? Number(item) : item)),
    ),
);

const path = fc.array(
  fc.oneof(fc.constantFrom("v2", "calendars", "provider", "..", "%E0%A4"), text.map(enc)),
  { maxLength: 5 },
);

const anything = fc.record({
  target: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(...ROUTES).map(([method, route]) => ({ method, path: `v2/${route}` })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        method: fc.constantFrom("GET", "POST"),
        path: fc.constantFrom("auth/oauth2/authorize", "provider/google/o/oauth2/v2/auth"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        method: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PURGE"),
        path: path.map((segments) => segments.join("/")),
      }),
    },
  ),
  query,
  body,
  type: fc.constantFrom(
    "application/json",
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
  ),
  encoding: fc.option(fc.constantFrom("gzip", "identity", "br"), { freq: 10, nil: undefined }),
  who: fc.constantFrom("user", "user", "person", "client", "key", "anonymous", "stranger"),
});

describe("the emulator, for arbitrary requests", () => {
  test("responds to each, and accepts many of them", async () => {
    const client = { id: "app", secret: "s", redirectUris: ["https://app.example/cb"] };
    const emulator = createCalEmulator({ oauth2: { clients: [client] } });
    const [person] = emulator.people.list();
    const grant = { clientId: "app", userId: person!.id };
    const { accessToken: personsToken } = await emulator.oauth2.issueTokens(grant);
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    emulator.calendars.connect(ada.id, "google", "alice");
    const credentials: Record<string, Record<string, string>> = {
      user: { authorization: `Bearer ${ada.accessToken}` },
      person: { authorization: `Bearer ${personsToken}` },
      client: { "x-cal-client-id": "test-client", "x-cal-secret-key": "test-secret" },
      key: { authorization: "Bearer cal_ownerkey" },
      stranger: { authorization: "Bearer x", origin: "https://evil.example" },
    };
    const property = fc.asyncProperty(anything, async ({ target, encoding, ...sent }) => {
      const { origin } = new URL(emulator.url);
      const response = await emulator.fetch(`${origin}/${target.path}?${sent.query}`, {
        method: target.method,
        redirect: "manual",
        headers: {
          "content-type": sent.type,
          ...(encoding && { "content-encoding": encoding }),
          ...credentials[sent.who],
        },
        ...(!["GET", "HEAD"].includes(target.method) && { body: sent.body }),
      });
      expect(response).toBeInstanceOf(Response);
      await response.text();
      // The run may have revoked the user's tokens: without new ones every later request would be 401.
      if (emulator.users.tokens(ada.id).accessTokens.includes(ada.accessToken)) return;
      const { accessToken } = await emulator.users.issueTokens(ada.id);
      credentials["user"] = { authorization: `Bearer ${accessToken}` };
    });
    await fc.assert(property, { numRuns: 2000 });

    const succeeded = emulator.requests.filter(({ status }) => status < 400).length;
    expect(succeeded).toBeGreaterThan(100);
  });
});
