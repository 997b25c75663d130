import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalClient, CalValidationError, isCalError } from "../../../src/index.js";
import { callUrl } from "../../../src/api/url.js";
import { storeOfAda, turnUntil, useFakeTimers } from "../../support/client.js";
import { everyMethod, type InputSecrets } from "../../support/every-method.js";

const secrets: InputSecrets = {
  refreshToken: "r1",
  code: "c",
  state: JSON.stringify({ accessToken: "stored-access-token" }),
  applePassword: "abcd-efgh",
  icsUrl: "https://x.example/a.ics",
};

async function client(respond: () => Response): Promise<CalClient> {
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    fetch: () => Promise.resolve(respond()),
    retry: { limit: 0 },
    tokenStore: await storeOfAda(),
  });
}

/** An object with some of these fields. */
const some = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
const text = fc.string({ maxLength: 8 });
const junk = fc.jsonValue({ maxDepth: 3 });
const id = fc.oneof(fc.nat(), junk);

/** Responses that are almost valid: a reader gets further with them than with arbitrary JSON. */
const almostValid = fc.oneof(
  junk,
  fc.array(some({ id, email: fc.oneof(text, junk), start: junk, end: junk }), { maxLength: 3 }),
  some({
    id,
    email: fc.oneof(text, junk),
    type: fc.oneof(text, junk),
    user: some({ id, email: fc.oneof(text, junk), metadata: junk }),
    accessToken: fc.oneof(text, junk),
    accessTokenExpiresAt: junk,
    refreshToken: fc.oneof(text, junk),
    authUrl: fc.oneof(fc.webUrl(), junk),
    integration: fc.oneof(text, junk),
    externalId: fc.oneof(text, junk),
    credentialId: id,
    destinationCalendar: fc.oneof(some({ credentialId: id }), junk),
    connectedCalendars: fc.array(
      some({
        integration: some({ type: text }),
        credentialId: id,
        primary: junk,
        calendars: junk,
        error: junk,
      }),
      { maxLength: 3 },
    ),
    connections: fc.array(some({ connectionId: text, type: text, email: junk }), { maxLength: 2 }),
    start: fc.oneof(some({ time: text }), junk),
    end: fc.oneof(some({ time: text }), junk),
    attendees: junk,
  }),
);
const body = fc.oneof(
  junk,
  fc.record({ status: fc.constant("success"), data: almostValid }),
  fc.record({ status: fc.constant("success"), data: almostValid }),
  fc.record({
    status: fc.constant("error"),
    error: fc.oneof(junk, some({ code: junk, message: junk, details: junk })),
  }),
);
const status = fc.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 498, 500, 503);

/** All fields that Cal.com sent are there. A known field that it did not send is null. */
function expectSent(received: unknown, sent: unknown): void {
  if (typeof received !== "object" || received === null || typeof sent !== "object" || sent === null) {
    expect(received).toEqual(sent);
    return;
  }
  expect(Object.keys(received)).toEqual(expect.arrayContaining(Object.keys(sent)));
  for (const [name, value] of Object.entries(received)) {
    expectSent(value, (sent as Record<string, unknown>)[name] ?? null);
  }
}

describe("arbitrary responses", () => {
  beforeEach(() => useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each(everyMethod.map((method) => [method.name, method] as const))(
    "%s resolves or rejects with a CalError, whatever the response is",
    async (_, { call }) => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.json(),
            body.map((value) => JSON.stringify(value)),
            text,
          ),
          status,
          async (text, code) => {
            const cal = await client(() => new Response(code === 204 ? null : text, { status: code }));
            const outcome = call(cal, secrets).then(
              () => "resolved",
              (error: unknown) => error,
            );
            const result = await turnUntil(outcome, 1_000);
            if (result !== "resolved" && !isCalError(result)) throw result;
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});

describe("unknown fields and values", () => {
  const extras = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 8 }).map((name) => `x-${name}`),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 3 },
  );

  const success = (data: unknown) => () => Response.json({ status: "success", data });

  test("a managed user keeps unknown fields, and null where Cal.com may send null", async () => {
    const nulls = {
      name: null,
      bio: null,
      avatarUrl: null,
      locale: null,
      timeFormat: null,
      defaultScheduleId: null,
    };
    await fc.assert(
      fc.asyncProperty(extras, fc.subarray(Object.entries(nulls)), async (more, absent) => {
        const sent = { id: 1, email: "a@b", weekStart: "Caturday", ...Object.fromEntries(absent), ...more };
        const cal = await client(success(JSON.parse(JSON.stringify(sent))));
        expectSent(await cal.managedUsers.get(1), JSON.parse(JSON.stringify(sent)));
      }),
      { numRuns: 50 },
    );
  });

  test("a profile keeps unknown fields", async () => {
    const sent = {
      id: 1,
      email: "a@b",
      name: null,
      organizationId: null,
      organization: { id: 1, isPlatform: true },
    };
    expectSent(await (await client(success(sent))).forUser("ada").profile(), sent);
  });

  test("a list of calendars keeps unknown integrations and fields at every level", async () => {
    await fc.assert(
      fc.asyncProperty(text, extras, extras, extras, extras, async (type, a, b, c, d) => {
        const sent = JSON.parse(
          JSON.stringify({
            ...a,
            connectedCalendars: [
              {
                ...b,
                integration: { type, ...c },
                credentialId: 5,
                delegationCredentialId: null,
                primary: { externalId: "e", ...d },
                calendars: [{ externalId: "e", name: null, primary: null, ...d }],
              },
            ],
            destinationCalendar: { id: 1, integration: type, externalId: "e", ...d },
          }),
        );
        const list = await (await client(success(sent))).forUser("ada").calendars.list();
        expectSent(list, sent);
      }),
      { numRuns: 50 },
    );
  });

  test("a list of calendars may have null in every optional field", async () => {
    const sent = {
      connectedCalendars: [
        {
          integration: { type: "zoho_calendar", name: null, title: null, slug: null, logo: null },
          credentialId: 5,
          delegationCredentialId: null,
          primary: null,
          calendars: [
            {
              externalId: "e",
              integration: null,
              name: null,
              primary: null,
              readOnly: null,
              email: null,
              isSelected: null,
              credentialId: null,
              delegationCredentialId: null,
            },
          ],
          error: null,
        },
      ],
      destinationCalendar: {
        id: null,
        integration: null,
        externalId: null,
        primaryEmail: null,
        credentialId: null,
      },
    };
    const list = await (await client(success(sent))).forUser("ada").calendars.list();
    expect(list.connectedCalendars[0]!.calendars[0]!.externalId).toBe("e");
  });

  test("events, busy times and connections keep unknown fields and values", async () => {
    const event = {
      id: "e",
      title: null,
      description: null,
      start: { time: "2027-01-04", timeZone: "UTC", "x-a": 1 },
      end: { time: "2027-01-05" },
      status: "postponed",
      attendees: [{ email: "a@b", name: null, responseStatus: "undecided", self: null }],
      locations: [{ type: "hologram" }],
      source: "zoho",
      isRecurring: null,
    };
    const range = { from: "2027-01-04", to: "2027-01-05" };
    const scope = (cal: CalClient) => cal.forUser("ada").calendars.connection("8");
    expectSent(await scope(await client(success(event))).events.get("e"), event);
    expectSent(await scope(await client(success([event]))).events.list(range), [event]);

    const busy = [
      { start: "2027-01-04T10:00:00.000Z", end: "2027-01-04T11:00:00+01:00", source: null, title: "x" },
    ];
    expect(await scope(await client(success(busy))).busyTimes(range)).toEqual([
      {
        start: new Date("2027-01-04T10:00:00Z"),
        end: new Date("2027-01-04T10:00:00Z"),
        source: null,
        title: "x",
      },
    ]);

    const connections = [{ connectionId: "8", type: "zoho", email: null, "x-a": [1] }];
    const cal = await client(success({ connections, more: 1 }));
    expect(await cal.forUser("ada").calendars.connections()).toEqual(connections);
  });

  test("an optional field of another type becomes null, and the rest of the response is read", async () => {
    const user = { id: 1, email: "a@b", name: "Ada" };
    const odd = { ...user, weekStart: 1, timeFormat: "24", metadata: ["x"], locale: { code: "en" } };
    const pair = { accessToken: "a", refreshToken: "r" };
    const created = await client(success({ user: odd, ...pair }));
    expect(await created.managedUsers.create({ email: "a@b", name: "Ada" })).toMatchObject({
      user: { ...user, weekStart: null, timeFormat: null, metadata: null, locale: null },
      tokens: pair,
    });
    expect((await (await client(success(odd))).forUser("ada").profile()).timeFormat).toBeNull();
    // The metadata names the owner, so it is strict here.
    await expect((await client(success(odd))).managedUsers.get(1)).rejects.toMatchObject({
      code: "invalid_response",
    });

    const event = { id: "e", title: { en: "Lunch" }, start: { time: 1 }, end: { time: "2027-01-05" } };
    const scope = async (attendees: unknown[]) =>
      (await client(success({ ...event, attendees }))).forUser("ada").calendars.connection("8");
    expect(await (await scope([{ email: "a@b", name: 7 }])).events.get("e")).toMatchObject({
      id: "e",
      title: null,
      start: { time: null },
      end: { time: "2027-01-05" },
      attendees: [{ email: "a@b", name: null }],
    });
    // Strict: an application that writes the attendees back would remove the one that was left out.
    await expect((await scope([{ email: "a@b" }, {}])).events.get("e")).rejects.toMatchObject({
      code: "invalid_response",
    });

    const connections = [{ connectionId: "8", type: "google", email: 5 }];
    expect(await (await client(success({ connections }))).forUser("ada").calendars.connections()).toEqual([
      { connectionId: "8", type: "google", email: null },
    ]);
  });

  test("expiries are read as numbers or ISO strings, else from the token", async () => {
    const payload = Buffer.from(JSON.stringify({ expiresAt: 1_800_000_000_000, ownerId: 101 })).toString(
      "base64url",
    );
    const jwt = `eyJhbGciOiJIUzI1NiJ9.${payload}.c2ln`;
    const read = async (accessToken: string, accessTokenExpiresAt: unknown) => {
      const cal = await client(success({ accessToken, refreshToken: "r", accessTokenExpiresAt }));
      return (await cal.managedUsers.forceRefreshTokens(101)).accessTokenExpiresAt?.getTime() ?? null;
    };
    expect(await read(jwt, 1_700_000_000_000)).toBe(1_700_000_000_000);
    expect(await read(jwt, "2027-01-04T09:00:00.000Z")).toBe(Date.parse("2027-01-04T09:00:00Z"));
    expect(await read(jwt, undefined)).toBe(1_800_000_000_000);
    expect(await read(jwt, null)).toBe(1_800_000_000_000);
    expect(await read(jwt, "soon")).toBe(1_800_000_000_000);
    expect(await read(jwt, { at: 1 })).toBe(1_800_000_000_000);
    expect(await read("opaque", undefined)).toBeNull();
    expect(await read("eyJ.eyJ.x", "soon")).toBeNull();
  });
});

describe("callUrl", () => {
  const base = "https://api.cal.com/v2";
  const anyText = fc.string({ unit: "binary", minLength: 1 });

  test("a value of the path stays within its segment", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.constantFrom("%2e%2e", "..%2f", "../..", "a/b", "?x", "#y", "\\..\\", "%00")),
        (value) => {
          fc.pre(value !== "." && value !== "..");
          const url = new URL(
            callUrl(base, "/calendars/connections/{connectionId}/events/{eventId}", {
              connectionId: value,
              eventId: "e",
            }),
          );
          const segments = url.pathname.split("/");
          expect(segments.slice(0, 4)).toEqual(["", "v2", "calendars", "connections"]);
          expect(segments).toHaveLength(7);
          expect(decodeURIComponent(segments[4]!)).toBe(value.toWellFormed());
          expect(segments.slice(5)).toEqual(["events", "e"]);
          expect(url.search + url.hash).toBe("");
          expect(url.host).toBe("api.cal.com");
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([".", "..", ""])('a path value "%s" is rejected', (value) => {
    expect(() => callUrl(base, "/users/{id}", { id: value })).toThrow(CalValidationError);
    expect(() => callUrl(base, "/users/{id}", {})).toThrow(CalValidationError);
  });

  test("a value of the query stays within its parameter", () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.boolean())), (query) => {
        const url = new URL(callUrl(base, "/me", {}, query));
        const sent = Object.fromEntries([...url.searchParams]);
        const expected = Object.entries(query).map(([name, value]) => [
          name.toWellFormed(),
          String(value).toWellFormed(),
        ]);
        expect(sent).toEqual(Object.fromEntries(expected));
        expect(url.pathname).toBe("/v2/me");
        expect(url.hash).toBe("");
      }),
      { numRuns: 500 },
    );
  });

  test("undefined values are left out of the query", () => {
    expect(callUrl(base, "/me", {}, { a: undefined, b: 0, c: false })).toBe(`${base}/me?b=0&c=false`);
  });
});
