import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  CalClient,
  CalValidationError,
  memoryTokenStore,
  type CalClientOptions,
  type CalUser,
  type UserCalendars,
} from "../../../src/index.js";
import { clientOf, createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

let client: TestClient;
let ada: CalUser;
let calendars: UserCalendars;

beforeAll(async () => {
  client = createTestClient();
  ({ ada } = await createAda(client));
  ({ calendars } = ada);
});

/** The call rejects with CalValidationError, nothing is sent, and the message does not contain the value. */
async function expectRejected(call: () => unknown, value?: unknown): Promise<void> {
  const before = client.emulator.count();
  const error = await rejection(call);
  expect(error).toBeInstanceOf(CalValidationError);
  expect(error).toMatchObject({ code: "invalid_input" });
  expect(client.emulator.count()).toBe(before);
  if (typeof value === "string" && value.includes("sup3rs3cret"))
    expect((error as Error).message).not.toContain("sup3rs3cret");
}

// JavaScript callers can pass values that TypeScript would reject.
const wrong = (value: unknown): never => value as never;

const notText = [undefined, null, "", " ", "\n\t", 5, {}, [], true];
const notId = [undefined, null, 0, -1, 1.5, NaN, Infinity, "8", 2 ** 53, {}];
const notUrl = [
  undefined,
  null,
  "",
  "/done",
  "done",
  "//app.example/done",
  "app.example/done",
  "https:done",
  "https:/done",
  "http:app.example",
  "https:\\\\app.example",
  " https://app.example",
  "https://app.example/a b\n",
  "https://app.example/\r\nSet-Cookie: a=b",
  "https://",
  "https://user:sup3rs3cret@app.example",
  "https://sup3rs3cret@app.example",
  "javascript:alert(1)",
  "ftp://app.example",
  "file:///etc/passwd",
  5,
  {},
  new URL("https://app.example"),
];
const notEmail = [
  undefined,
  null,
  "",
  "ada",
  "ada@",
  "@x",
  "a@b@c",
  "a b@c.d",
  "a@b,c@d",
  5,
  "sup3rs3cret",
  "a\0@b.c",
];
const notInstant = [
  undefined,
  null,
  "",
  "sup3rs3cret",
  "2027-02-30",
  "2027-13-01",
  "2027-00-10",
  "2027-01-04T25:00:00Z",
  "04/01/2027",
  "2027",
  "Mon Jan 04 2027",
  new Date("no"),
  1_800_000_000_000,
  {},
];
const notTimeZone = ["", "sup3rs3cret", "Mars/Phobos", "GMT+25", 5, null];
const show = (value: unknown) => (typeof value === "string" ? JSON.stringify(value) : String(value));

describe("user id", () => {
  test.each([...notText, "a\0b", "\ud800"].map((value) => [show(value), value]))(
    "user id %s is rejected",
    async (_, value) => {
      await expectRejected(() => client.cal.forUser(wrong(value)));
      await expectRejected(() => client.cal.ensureUser(wrong(value), { email: "a@b.example", name: "A" }));
    },
  );

  test("any other text is a valid user id, and forUser sends no request", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (id) => {
        fc.pre(id.trim() !== "" && !id.includes("\0") && id.isWellFormed());
        expect(client.cal.forUser(id).id).toBe(id);
      }),
    );
  });
});

describe("provider", () => {
  const strange = fc.oneof(
    fc.string(),
    fc.constantFrom("Google", "google ", "outlook", "google_calendar", "../me", "__proto__", "toString"),
    fc.constantFrom(undefined, null, 5, {}, ["google"]),
  );
  const known = ["google", "office365", "apple", "ics-feed"];
  const input = { returnUrl: "https://app.example" };

  test("an unknown provider is rejected by every method", async () => {
    await fc.assert(
      fc.asyncProperty(strange, async (value) => {
        fc.pre(!known.includes(value as string));
        const provider: "google" = wrong(value);
        await expectRejected(() => calendars.connectUrl(provider, input));
        await expectRejected(() => calendars.save(provider, { code: "c", state: "s" }));
        await expectRejected(() => calendars.check(provider));
        await expectRejected(() => calendars.sync(provider));
        await expectRejected(() => calendars.disconnect(provider));
        await expectRejected(() => calendars.check(provider));
      }),
    );
  });

  test("a provider is rejected by a method that it does not support", async () => {
    await expectRejected(() => calendars.connectUrl(wrong("apple"), input));
    await expectRejected(() => calendars.save(wrong("apple"), { code: "c", state: "s" }));
    await expectRejected(() => calendars.check(wrong("ics-feed")));
    await expectRejected(() => calendars.sync(wrong("ics-feed")));
  });
});

test.each(notUrl.map((value) => [show(value), value]))("URL %s is rejected", async (_, value) => {
  await expectRejected(() => calendars.connectUrl("google", { returnUrl: wrong(value) }), value);
  await expectRejected(() => calendars.saveIcsFeed({ urls: [wrong(value)] }), value);
});

test.each(notText.map((value) => [show(value), value]))(
  "%s is rejected where text is required",
  async (_, value) => {
    const text: string = wrong(value);
    await expectRejected(() => calendars.save("google", { code: text, state: "{}" }));
    await expectRejected(() => calendars.save("google", { code: "c", state: text }));
    await expectRejected(() => calendars.connectApple({ username: text, password: "p" }));
    await expectRejected(() => calendars.connectApple({ username: "u", password: text }));
    await expectRejected(() => calendars.setDestination({ integration: text, externalId: "e" }));
    await expectRejected(() =>
      calendars.setDestination({ integration: "google_calendar", externalId: text }),
    );
    await expectRejected(() => calendars.select({ integration: "i", externalId: text, credentialId: 1 }));
    await expectRejected(() => calendars.unselect({ integration: text, externalId: "e", credentialId: 1 }));
    await expectRejected(() => calendars.connection(text));
    await expectRejected(() => calendars.connection("8").events.get(text));
    await expectRejected(() => calendars.connection("8").events.delete(text));
    await expectRejected(() => calendars.connection("8").events.update(text, { title: "T" }));
    await expectRejected(() => client.cal.managedUsers.refreshTokens(text));
    await expectRejected(() => client.cal.managedUsers.create({ email: "a@b.example", name: text }));
  },
);

test.each(notId.map((value) => [show(value), value]))(
  "%s is rejected where an id is required",
  async (_, value) => {
    const id: number = wrong(value);
    await expectRejected(() => client.cal.managedUsers.get(id));
    await expectRejected(() => client.cal.managedUsers.update(id, { name: "N" }));
    await expectRejected(() => client.cal.managedUsers.delete(id));
    await expectRejected(() => client.cal.managedUsers.forceRefreshTokens(id));
    await expectRejected(() => calendars.select({ integration: "i", externalId: "e", credentialId: id }));
    await expectRejected(() =>
      calendars.busyTimes({
        from: "2027-01-04",
        to: "2027-01-05",
        calendars: [{ credentialId: id, externalId: "e" }],
      }),
    );
    // disconnect() without an id disconnects all connections of the provider.
    if (value !== undefined) await expectRejected(() => calendars.disconnect("google", { credentialId: id }));
  },
);

test.each(notEmail.map((value) => [show(value), value]))("email address %s is rejected", async (_, value) => {
  const email: string = wrong(value);
  await expectRejected(() => client.cal.managedUsers.create({ email, name: "N" }), value);
  await expectRejected(() => client.cal.ensureUser("new", { email, name: "N" }), value);
  await expectRejected(
    () =>
      client.cal.managedUsers
        .list({ emails: [email] })
        [Symbol.asyncIterator]()
        .next(),
    value,
  );
  if (value !== undefined) await expectRejected(() => ada.update({ email }), value);
});

describe("times", () => {
  const google = () => calendars.connection("8");
  const valid = { time: "2027-01-04T09:00:00Z", timeZone: "UTC" };
  const busy = (from: unknown, to: unknown, timeZone?: unknown) =>
    calendars.busyTimes({
      from: wrong(from),
      to: wrong(to),
      timeZone: wrong(timeZone),
      calendars: [{ credentialId: 1, externalId: "e" }],
    });

  test.each(notInstant.map((value) => [show(value), value]))("time %s is rejected", async (_, value) => {
    const time: string = wrong(value);
    await expectRejected(() => busy(value, "2027-01-05"), value);
    await expectRejected(() => busy("2027-01-05", value), value);
    await expectRejected(() => google().busyTimes({ from: time, to: "2027-01-05" }), value);
    await expectRejected(() => google().events.list({ from: "2027-01-05", to: time }), value);
    const start: typeof valid = wrong({ time, timeZone: "UTC" });
    await expectRejected(() => google().events.create({ title: "T", start, end: valid }), value);
    await expectRejected(() => google().events.create({ title: "T", start: valid, end: start }), value);
    if (value === undefined) return;
    await expectRejected(() => google().events.update("e1", { start }), value);
    await expectRejected(() => google().events.update("e1", { end: start }), value);
  });

  test("a time range must end after it starts", async () => {
    await expectRejected(() => busy("2027-01-05T00:00:00Z", "2027-01-04T00:00:00Z"));
    await expectRejected(() => busy("2027-01-05T00:00:00Z", "2027-01-05T00:00:00Z"));
    await expectRejected(() => busy("2027-01-05", "2027-01-04"));
    await expectRejected(() => busy("2027-01-05T10:00:00+02:00", "2027-01-05T08:00:00Z"));
  });

  test("a range from a day to the same day is sent as it is", async () => {
    // Cal.com reads it as the whole day: its OpenAPI document has the example from=2026-03-10&to=2026-03-10.
    const before = client.emulator.count({ path: /freebusy/ });
    await rejection(google().busyTimes({ from: "2027-01-04", to: "2027-01-04" }));
    expect(client.emulator.count({ path: /freebusy/ })).toBe(before + 1);
  });

  test.each(notTimeZone.map((value) => [show(value), value]))(
    "time zone %s is rejected",
    async (_, value) => {
      const timeZone: string = wrong(value);
      await expectRejected(() => busy("2027-01-04", "2027-01-05", value), value);
      await expectRejected(
        () => google().events.list({ from: "2027-01-04", to: "2027-01-05", timeZone }),
        value,
      );
      await expectRejected(
        () => client.cal.managedUsers.create({ email: "a@b.example", name: "N", timeZone }),
        value,
      );
      await expectRejected(() => ada.update({ timeZone }), value);
    },
  );

  test("busyTimes without calendars is rejected", async () => {
    for (const empty of [[], null, "all"]) {
      await expectRejected(() =>
        calendars.busyTimes({ from: "2027-01-04", to: "2027-01-05", calendars: wrong(empty) }),
      );
    }
  });
});

test("saveIcsFeed without a list of URLs is rejected", async () => {
  for (const urls of [[], undefined, null, "https://x.example/a.ics", {}])
    await expectRejected(() => calendars.saveIcsFeed({ urls: wrong(urls) }));
});

test("a missing argument is rejected by every method", async () => {
  const missing: never = wrong(undefined);
  const google = calendars.connection("8");
  for (const call of [
    () => client.cal.ensureUser("new", missing),
    () => client.cal.managedUsers.create(missing),
    () => client.cal.managedUsers.update(1, missing),
    () => ada.update(missing),
    () => calendars.connectUrl("google", missing),
    () => calendars.save("google", missing),
    () => calendars.connectApple(missing),
    () => calendars.saveIcsFeed(missing),
    () => calendars.busyTimes(missing),
    () => calendars.setDestination(missing),
    () => calendars.select(missing),
    () => calendars.unselect(missing),
    () => google.busyTimes(missing),
    () => google.events.list(missing),
    () => google.events.create(missing),
    () => google.events.create(wrong({ title: "T" })),
    () => google.events.update("e1", missing),
    () => new CalClient(missing),
    () => CalClient.fromEnv(missing),
  ]) {
    await expectRejected(call);
  }
});

test("the message for a missing argument lists what it must contain", async () => {
  const missing: never = wrong(undefined);
  const cases: [() => unknown, string][] = [
    [
      () => new CalClient(missing),
      "The options must be { managedUsers, tokenStore } or { oauth, tokenStore }.",
    ],
    [() => CalClient.fromEnv(missing), "The options must be { tokenStore }."],
    [() => calendars.connectUrl("google", missing), "The input must be { returnUrl }."],
    [() => client.cal.ensureUser("new", missing), "The user must be { email, name }."],
  ];
  for (const [call, message] of cases) expect(await rejection(call)).toMatchObject({ message });
});

test("more than 50 metadata keys, including calbridge's own, are rejected", async () => {
  const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${String(i)}`, i]));
  await expectRejected(() => client.cal.ensureUser("new", { email: "n@x.example", name: "N", metadata }));
  await expectRejected(() => ada.update({ metadata }));
});

test.each([0, -1, NaN, Infinity, 2 ** 31, "5"])("timeoutMs %s of a call is rejected", async (value) => {
  const timeoutMs: number = wrong(value);
  await expectRejected(() => ada.profile({ timeoutMs }));
  await expectRejected(() => ada.accessToken({ timeoutMs }));
  await expectRejected(() => client.cal.managedUsers.get(1, { timeoutMs }));
  await expectRejected(() =>
    client.cal.ensureUser("new", { email: "n@x.example", name: "N" }, { timeoutMs }),
  );
});

test.each([-1, NaN, Infinity, 46 * 60_000, "5"])(
  "minTtlMs %s of an access token is rejected",
  async (value) => {
    await expectRejected(() => ada.accessToken({ minTtlMs: wrong(value) }));
  },
);

describe("options of the client", () => {
  const options: [keyof CalClientOptions, unknown][] = [
    ...[undefined, null, "id", 1].map((value): [keyof CalClientOptions, unknown] => ["managedUsers", value]),
    ...notText.map((value): [keyof CalClientOptions, unknown] => [
      "managedUsers",
      { clientId: value, clientSecret: "s" },
    ]),
    ...notText.map((value): [keyof CalClientOptions, unknown] => [
      "managedUsers",
      { clientId: "c", clientSecret: value },
    ]),
    ["managedUsers", { clientId: "c", clientSecret: "sup3rs3cret\n" }],
    ["managedUsers", { clientId: "c", clientSecret: "sup3rs3crét" }],
    ["managedUsers", { clientId: "a b", clientSecret: "sup3rs3cret" }],
    ["managedUsers", { clientId: "c", clientSecret: "s", secret: "sup3rs3cret" }],
    ...[undefined, null, {}, { get: () => null }, "memory", Map].map(
      (value): [keyof CalClientOptions, unknown] => ["tokenStore", value],
    ),
    ...[
      "",
      "/v2",
      "api.cal.com",
      "ftp://x",
      "https://u:sup3rs3cret@x",
      "https://x/?a=sup3rs3cret",
      "https://x/#a",
    ].map((value): [keyof CalClientOptions, unknown] => ["baseUrl", value]),
    ...[0, -1, NaN, Infinity, "10", 2 ** 31].map((value): [keyof CalClientOptions, unknown] => [
      "timeoutMs",
      value,
    ]),
    ...[-1, 1.5, NaN, Infinity, "2"].map((limit): [keyof CalClientOptions, unknown] => ["retry", { limit }]),
    ["retry", { maxWaitMs: -1 }],
    ...[-1, NaN, 3_600_000].map((value): [keyof CalClientOptions, unknown] => ["refreshWindowMs", value]),
    ...[-1, NaN, 3_600_000].map((value): [keyof CalClientOptions, unknown] => ["connectMinTtlMs", value]),
    ...[-1, 1.5, NaN].map((maxUsers): [keyof CalClientOptions, unknown] => ["cache", { maxUsers }]),
  ];
  test.each(
    options.map(([name, value]) => [
      name,
      typeof value === "object" ? JSON.stringify(value) : show(value),
      value,
    ]),
  )("client option %s: %s is rejected", async (name, _, value) => {
    const required = {
      managedUsers: { clientId: "id", clientSecret: "secret" },
      tokenStore: memoryTokenStore(),
    };
    await expectRejected(() => new CalClient({ ...required, [name as string]: value }), value);
    const error = await rejection(() => new CalClient({ ...required, [name as string]: value }));
    expect((error as Error).message).toContain(name);
    expect((error as Error).message).not.toContain("sup3rs3cret");
  });

  test.each(["clientID", "baseURL", "timeout", "providers"])(
    "unknown client option %s is rejected",
    async (name) => {
      const required = {
        managedUsers: { clientId: "id", clientSecret: "secret" },
        tokenStore: memoryTokenStore(),
      };
      await expectRejected(() => new CalClient({ ...required, [name]: "sup3rs3cret" }), "sup3rs3cret");
      const { managedUsers, ...rest } = required;
      const error = await rejection(() => new CalClient(wrong({ ...rest, [name]: managedUsers })));
      expect((error as Error).message).toMatch(
        new RegExp(`^Unknown option ${name}\\. There are: managedUsers, .*timeoutMs, .*now\\.$`),
      );
    },
  );

  test("fromEnv names the missing variable", async () => {
    const tokenStore = memoryTokenStore();
    const env = { CAL_CLIENT_ID: "id", CAL_CLIENT_SECRET: "sup3rs3cret" };
    expect(CalClient.fromEnv({ tokenStore, env })).toBeInstanceOf(CalClient);
    for (const name of ["CAL_CLIENT_ID", "CAL_CLIENT_SECRET"]) {
      const error = await rejection(() => CalClient.fromEnv({ tokenStore, env: { ...env, [name]: " " } }));
      expect(error).toBeInstanceOf(CalValidationError);
      expect((error as Error).message).toContain(name);
      expect((error as Error).message).not.toContain("sup3rs3cret");
    }
    const error = await rejection(() => CalClient.fromEnv({ tokenStore, env: {} }));
    expect((error as Error).message).toContain(
      "Not set in the environment: CAL_CLIENT_ID, CAL_CLIENT_SECRET.",
    );
    await expectRejected(() =>
      CalClient.fromEnv({ tokenStore, env: { ...env, CAL_API_URL: "api.cal.com" } }),
    );
  });

  test("a client id . or .. sends no request", async () => {
    for (const clientId of [".", ".."]) {
      const cal = clientOf(client.emulator, client.store, { managedUsers: { clientId, clientSecret: "s" } });
      await expectRejected(() => cal.managedUsers.get(1));
      await expectRejected(() => cal.managedUsers.refreshTokens("r"));
    }
  });
});
