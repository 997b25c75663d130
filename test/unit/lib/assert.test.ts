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

/** The call is refused, nothing is sent, and the value is not repeated. */
async function expectRefused(call: () => unknown, value?: unknown): Promise<void> {
  const before = client.emulator.count();
  const error = await rejection(call);
  expect(error).toBeInstanceOf(CalValidationError);
  expect(error).toMatchObject({ code: "invalid_input" });
  expect(client.emulator.count()).toBe(before);
  if (typeof value === "string" && value.includes("sup3rs3cret"))
    expect((error as Error).message).not.toContain("sup3rs3cret");
}

// JavaScript knows no types: what TypeScript would stop may come all the same.
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

describe("a user's id", () => {
  test.each([...notText, "a\0b", "\ud800"].map((value) => [show(value), value]))("%s", async (_, value) => {
    await expectRefused(() => client.cal.forUser(wrong(value)));
    await expectRefused(() => client.cal.ensureUser(wrong(value), { email: "a@b.example", name: "A" }));
  });

  test("any other text is fine, and costs no request", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (id) => {
        fc.pre(id.trim() !== "" && !id.includes("\0") && id.isWellFormed());
        expect(client.cal.forUser(id).id).toBe(id);
      }),
    );
  });
});

describe("a provider that is none", () => {
  const strange = fc.oneof(
    fc.string(),
    fc.constantFrom("Google", "google ", "outlook", "google_calendar", "../me", "__proto__", "toString"),
    fc.constantFrom(undefined, null, 5, {}, ["google"]),
  );
  const known = ["google", "office365", "apple", "ics-feed"];
  const input = { returnUrl: "https://app.example" };

  test("is refused by every method that takes one", async () => {
    await fc.assert(
      fc.asyncProperty(strange, async (value) => {
        fc.pre(!known.includes(value as string));
        const provider: "google" = wrong(value);
        await expectRefused(() => calendars.connectUrl(provider, input));
        await expectRefused(() => calendars.save(provider, { code: "c", state: "s" }));
        await expectRefused(() => calendars.check(provider));
        await expectRefused(() => calendars.sync(provider));
        await expectRefused(() => calendars.disconnect(provider));
        await expectRefused(() => calendars.check(provider));
      }),
    );
  });

  test("so is one that can't do what is asked", async () => {
    await expectRefused(() => calendars.connectUrl(wrong("apple"), input));
    await expectRefused(() => calendars.save(wrong("apple"), { code: "c", state: "s" }));
    await expectRefused(() => calendars.check(wrong("ics-feed")));
    await expectRefused(() => calendars.sync(wrong("ics-feed")));
  });
});

test.each(notUrl.map((value) => [show(value), value]))("returnUrl: %s", async (_, value) => {
  await expectRefused(() => calendars.connectUrl("google", { returnUrl: wrong(value) }), value);
  await expectRefused(() => calendars.saveIcsFeed({ urls: [wrong(value)] }), value);
});

test.each(notText.map((value) => [show(value), value]))("where text is needed: %s", async (_, value) => {
  const text: string = wrong(value);
  await expectRefused(() => calendars.save("google", { code: text, state: "{}" }));
  await expectRefused(() => calendars.save("google", { code: "c", state: text }));
  await expectRefused(() => calendars.connectApple({ username: text, password: "p" }));
  await expectRefused(() => calendars.connectApple({ username: "u", password: text }));
  await expectRefused(() => calendars.setDestination({ integration: text, externalId: "e" }));
  await expectRefused(() => calendars.setDestination({ integration: "google_calendar", externalId: text }));
  await expectRefused(() => calendars.select({ integration: "i", externalId: text, credentialId: 1 }));
  await expectRefused(() => calendars.unselect({ integration: text, externalId: "e", credentialId: 1 }));
  await expectRefused(() => calendars.connection(text));
  await expectRefused(() => calendars.connection("8").events.get(text));
  await expectRefused(() => calendars.connection("8").events.delete(text));
  await expectRefused(() => calendars.connection("8").events.update(text, { title: "T" }));
  await expectRefused(() => client.cal.managedUsers.refreshTokens(text));
  await expectRefused(() => client.cal.managedUsers.create({ email: "a@b.example", name: text }));
});

test.each(notId.map((value) => [show(value), value]))("where an id is needed: %s", async (_, value) => {
  const id: number = wrong(value);
  await expectRefused(() => client.cal.managedUsers.get(id));
  await expectRefused(() => client.cal.managedUsers.update(id, { name: "N" }));
  await expectRefused(() => client.cal.managedUsers.delete(id));
  await expectRefused(() => client.cal.managedUsers.forceRefreshTokens(id));
  await expectRefused(() => calendars.select({ integration: "i", externalId: "e", credentialId: id }));
  await expectRefused(() =>
    calendars.busyTimes({
      from: "2027-01-04",
      to: "2027-01-05",
      calendars: [{ credentialId: id, externalId: "e" }],
    }),
  );
  // Without an id, disconnect() means all of the provider's.
  if (value !== undefined) await expectRefused(() => calendars.disconnect("google", { credentialId: id }));
});

test.each(notEmail.map((value) => [show(value), value]))("an address: %s", async (_, value) => {
  const email: string = wrong(value);
  await expectRefused(() => client.cal.managedUsers.create({ email, name: "N" }), value);
  await expectRefused(() => client.cal.ensureUser("new", { email, name: "N" }), value);
  await expectRefused(
    () =>
      client.cal.managedUsers
        .list({ emails: [email] })
        [Symbol.asyncIterator]()
        .next(),
    value,
  );
  if (value !== undefined) await expectRefused(() => ada.update({ email }), value);
});

describe("times", () => {
  const google = () => calendars.connection("8");
  const fine = { time: "2027-01-04T09:00:00Z", timeZone: "UTC" };
  const busy = (from: unknown, to: unknown, timeZone?: unknown) =>
    calendars.busyTimes({
      from: wrong(from),
      to: wrong(to),
      timeZone: wrong(timeZone),
      calendars: [{ credentialId: 1, externalId: "e" }],
    });

  test.each(notInstant.map((value) => [show(value), value]))("%s is none", async (_, value) => {
    const time: string = wrong(value);
    await expectRefused(() => busy(value, "2027-01-05"), value);
    await expectRefused(() => busy("2027-01-05", value), value);
    await expectRefused(() => google().busyTimes({ from: time, to: "2027-01-05" }), value);
    await expectRefused(() => google().events.list({ from: "2027-01-05", to: time }), value);
    const start: typeof fine = wrong({ time, timeZone: "UTC" });
    await expectRefused(() => google().events.create({ title: "T", start, end: fine }), value);
    await expectRefused(() => google().events.create({ title: "T", start: fine, end: start }), value);
    if (value === undefined) return;
    await expectRefused(() => google().events.update("e1", { start }), value);
    await expectRefused(() => google().events.update("e1", { end: start }), value);
  });

  test("a span that ends before it begins, or at once", async () => {
    await expectRefused(() => busy("2027-01-05T00:00:00Z", "2027-01-04T00:00:00Z"));
    await expectRefused(() => busy("2027-01-05T00:00:00Z", "2027-01-05T00:00:00Z"));
    await expectRefused(() => busy("2027-01-05", "2027-01-04"));
    await expectRefused(() => busy("2027-01-05T10:00:00+02:00", "2027-01-05T08:00:00Z"));
  });

  test("a day to the same day is that whole day, and goes out as it is", async () => {
    // Cal.com's own description has the example from=2026-03-10&to=2026-03-10.
    const before = client.emulator.count({ path: /freebusy/ });
    await rejection(google().busyTimes({ from: "2027-01-04", to: "2027-01-04" }));
    expect(client.emulator.count({ path: /freebusy/ })).toBe(before + 1);
  });

  test.each(notTimeZone.map((value) => [show(value), value]))("time zone: %s", async (_, value) => {
    const timeZone: string = wrong(value);
    await expectRefused(() => busy("2027-01-04", "2027-01-05", value), value);
    await expectRefused(
      () => google().events.list({ from: "2027-01-04", to: "2027-01-05", timeZone }),
      value,
    );
    await expectRefused(
      () => client.cal.managedUsers.create({ email: "a@b.example", name: "N", timeZone }),
      value,
    );
    await expectRefused(() => ada.update({ timeZone }), value);
  });

  test("no calendars to look at", async () => {
    for (const none of [[], undefined, null, "all"]) {
      await expectRefused(() =>
        calendars.busyTimes({ from: "2027-01-04", to: "2027-01-05", calendars: wrong(none) }),
      );
    }
  });
});

test("no feeds, or something that is no list of them", async () => {
  for (const urls of [[], undefined, null, "https://x.example/a.ics", {}])
    await expectRefused(() => calendars.saveIcsFeed({ urls: wrong(urls) }));
});

test("the argument that holds everything is missing", async () => {
  const nothing: never = wrong(undefined);
  const google = calendars.connection("8");
  for (const call of [
    () => client.cal.ensureUser("new", nothing),
    () => client.cal.managedUsers.create(nothing),
    () => client.cal.managedUsers.update(1, nothing),
    () => ada.update(nothing),
    () => calendars.connectUrl("google", nothing),
    () => calendars.save("google", nothing),
    () => calendars.connectApple(nothing),
    () => calendars.saveIcsFeed(nothing),
    () => calendars.busyTimes(nothing),
    () => calendars.setDestination(nothing),
    () => calendars.select(nothing),
    () => calendars.unselect(nothing),
    () => google.busyTimes(nothing),
    () => google.events.list(nothing),
    () => google.events.create(nothing),
    () => google.events.create(wrong({ title: "T" })),
    () => google.events.update("e1", nothing),
    () => new CalClient(nothing),
    () => CalClient.fromEnv(nothing),
  ]) {
    await expectRefused(call);
  }
});

test("what the missing argument must hold is said", async () => {
  const nothing: never = wrong(undefined);
  const said: [() => unknown, string][] = [
    [() => new CalClient(nothing), "The options must be { managedUsers, tokenStore } or { oauth, tokenStore }."],
    [() => CalClient.fromEnv(nothing), "The options must be { tokenStore }."],
    [() => calendars.connectUrl("google", nothing), "The input must be { returnUrl }."],
    [() => client.cal.ensureUser("new", nothing), "The user must be { email, name }."],
  ];
  for (const [call, message] of said) expect(await rejection(call)).toMatchObject({ message });
});

test("more metadata than Cal.com takes, the package's own key included", async () => {
  const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${String(i)}`, i]));
  await expectRefused(() => client.cal.ensureUser("new", { email: "n@x.example", name: "N", metadata }));
  await expectRefused(() => ada.update({ metadata }));
});

test.each([0, -1, NaN, Infinity, 2 ** 31, "5"])("timeoutMs of a call: %s", async (value) => {
  const timeoutMs: number = wrong(value);
  await expectRefused(() => ada.profile({ timeoutMs }));
  await expectRefused(() => ada.accessToken({ timeoutMs }));
  await expectRefused(() => client.cal.managedUsers.get(1, { timeoutMs }));
  await expectRefused(() => client.cal.ensureUser("new", { email: "n@x.example", name: "N" }, { timeoutMs }));
});

test.each([-1, NaN, Infinity, 46 * 60_000, "5"])("minTtlMs of an access token: %s", async (value) => {
  await expectRefused(() => ada.accessToken({ minTtlMs: wrong(value) }));
});

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
  )("%s: %s", async (name, _, value) => {
    const good = {
      managedUsers: { clientId: "id", clientSecret: "secret" },
      tokenStore: memoryTokenStore(),
    };
    await expectRefused(() => new CalClient({ ...good, [name as string]: value }), value);
    const error = await rejection(() => new CalClient({ ...good, [name as string]: value }));
    expect((error as Error).message).toContain(name);
    expect((error as Error).message).not.toContain("sup3rs3cret");
  });

  test.each(["clientID", "baseURL", "timeout", "providers"])("%s, which there isn't", async (name) => {
    const good = {
      managedUsers: { clientId: "id", clientSecret: "secret" },
      tokenStore: memoryTokenStore(),
    };
    await expectRefused(() => new CalClient({ ...good, [name]: "sup3rs3cret" }), "sup3rs3cret");
    const { managedUsers, ...rest } = good;
    const error = await rejection(() => new CalClient(wrong({ ...rest, [name]: managedUsers })));
    expect((error as Error).message).toMatch(
      new RegExp(`^Unknown option ${name}\\. There are: managedUsers, .*timeoutMs, .*now\\.$`),
    );
  });

  test("from the environment: the missing variable is named", async () => {
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
    await expectRefused(() => CalClient.fromEnv({ tokenStore, env: { ...env, CAL_API_URL: "api.cal.com" } }));
  });

  test("a client id that would climb up the path reaches nothing", async () => {
    for (const clientId of [".", ".."]) {
      const cal = clientOf(client.emulator, client.store, { managedUsers: { clientId, clientSecret: "s" } });
      await expectRefused(() => cal.managedUsers.get(1));
      await expectRefused(() => cal.managedUsers.refreshTokens("r"));
    }
  });
});
