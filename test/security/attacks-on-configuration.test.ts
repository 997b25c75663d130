import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  CalClient,
  CalValidationError,
  encryptedTokenStore,
  encryptionKeysFromEnv,
  memoryTokenStore,
} from "../../src/index.js";
import { createCalHandlers, type CalHandlersOptions } from "../../src/handlers/index.js";
import { createApp, createBrowser, ORIGIN, SECRET } from "../support/handlers-app.js";
import { runCommand } from "../support/command-line.js";

const managedUsers = { clientId: "c", clientSecret: "s" };

/** The error of a function that must throw one. */
function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CalValidationError);
    return error as Error;
  }
  throw new Error("Nothing was thrown.");
}

describe("wants the client's secret, tokens and cookies from the network", () => {
  const elsewhere = [
    "http://cal.example/v2",
    "HTTP://cal.example/v2",
    "http://10.0.0.5/v2",
    "http://calcom:5555/v2",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.evil.example",
    "http://mylocalhost",
    "http://[::2]/",
    "http://0.0.0.0:3000",
  ];
  const here = [
    "https://cal.example/v2",
    "http://localhost:3000",
    "http://api.localhost:3000/v2",
    "http://localhost.:3000",
    "http://127.0.0.1:5555/v2",
    "http://127.1.2.3",
    "http://[::1]:8080",
  ];
  const client = (baseUrl: string, allowInsecure?: boolean) =>
    new CalClient({ managedUsers, tokenStore: memoryTokenStore(), baseUrl, allowInsecure });

  test.each(elsewhere)("the client's baseUrl is %s: rejected", (url) => {
    expect(thrownBy(() => client(url)).message).toMatch(
      /^baseUrl must begin with https.*allowInsecure: true/,
    );
    expect(() => client(url, true)).not.toThrow();
    expect(() => client(url, "false" as never)).toThrow("baseUrl");
  });

  test.each(here)("%s is accepted", (url) => {
    expect(() => client(url)).not.toThrow();
  });

  const good: CalHandlersOptions = {
    client: client("https://cal.example/v2"),
    authenticate: () => null,
    stateSecret: SECRET,
    appUrl: ORIGIN,
    successUrl: "/connected",
  };
  const places: [name: string, (url: string) => Partial<CalHandlersOptions>][] = [
    ["appUrl", (appUrl) => ({ appUrl })],
    ["successUrl", (successUrl) => ({ successUrl })],
    ["errorUrl", (errorUrl) => ({ errorUrl })],
    ["Each of allowedOrigins", (url) => ({ allowedOrigins: [new URL(url).origin] })],
    ["googleRedirectUri", (url) => ({ googleRedirectUri: url, allowedOrigins: [new URL(url).origin] })],
    ["officeRedirectUri", (url) => ({ officeRedirectUri: url, allowedOrigins: [new URL(url).origin] })],
  ];

  test.each(places)("the handlers' %s", (name, place) => {
    for (const url of elsewhere) {
      const make = (allowInsecure: boolean) => createCalHandlers({ ...good, ...place(url), allowInsecure });
      // A redirect URI has to be of an allowed origin, which is rejected first.
      const pattern = new RegExp(
        `^(${name}|Each of allowedOrigins) must begin with https.*allowInsecure: true`,
      );
      expect(thrownBy(() => make(false)).message, url).toMatch(pattern);
      expect(() => make(true), url).not.toThrow();
    }
    for (const url of here) {
      expect(() => createCalHandlers({ ...good, ...place(url) }), url).not.toThrow();
    }
  });

  test("from the environment, one option covers the client and the handlers", async () => {
    const env = {
      CAL_CLIENT_ID: "c",
      CAL_CLIENT_SECRET: "s",
      CAL_API_URL: "http://calcom:5555/v2",
      CAL_STATE_SECRET: SECRET,
      APP_URL: "http://app:3000",
      NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/connected",
    };
    const given = { tokenStore: memoryTokenStore(), authenticate: () => null, env };
    const log: string[] = [];
    const logger = { error: (message: string) => void log.push(message) };
    const status = async (allowInsecure: boolean) =>
      (
        await createCalHandlers
          .fromEnv({ ...given, allowInsecure, logger })
          .handle(new Request(`${ORIGIN}/api/cal/calendars/status`))
      ).status;
    expect(await status(false)).toBe(500);
    expect(log.join()).toContain("allowInsecure: true");
    expect(await status(true)).toBe(401);
  });
});

describe("wants to decrypt states, by guessing the secret", () => {
  const weak = [
    "a".repeat(64),
    "ab".repeat(20),
    "abcde".repeat(10),
    "12345678".repeat(4),
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "change-me-".repeat(4),
    "passwordpasswordpasswordpassword1",
    `${"x".repeat(40)}1234`,
    "🔑".repeat(32),
  ];
  const good = { tokenStore: memoryTokenStore(), managedUsers };
  const make = (stateSecret: string | string[]) =>
    createCalHandlers({
      client: new CalClient(good),
      authenticate: () => null,
      stateSecret,
      appUrl: ORIGIN,
      successUrl: "/",
    });

  test.each(weak)("%s: rejected, also as the second of two, and not repeated", (secret) => {
    for (const given of [secret, [SECRET, secret]]) {
      const { message } = thrownBy(() => make(given));
      expect(message).toContain("openssl rand -base64 32");
      expect(message).not.toContain(secret);
    }
  });

  test("random ones are accepted, in every encoding", () => {
    for (let i = 0; i < 1_000; i += 1) {
      const bytes = randomBytes(32);
      make([bytes.toString("base64"), bytes.toString("hex"), bytes.toString("base64url")]);
      make(randomBytes(16).toString("hex"));
    }
  });
});

describe("wants to decrypt tokens, by guessing the key", () => {
  const keyOf = (...bytes: number[]) =>
    Buffer.from(Array.from({ length: 32 }, (_, n) => bytes[n % bytes.length]!));
  const weak: [string, Buffer][] = [
    ["zeros", keyOf(0)],
    ["a pattern", keyOf(1, 2, 3, 4)],
    ["half a key, twice", Buffer.concat(Array<Buffer>(2).fill(randomBytes(16)))],
    ["words", Buffer.from("our company's secret for tokens!")],
  ];

  test.each(weak)("%s: rejected in every form, also as the older key, and not repeated", (_, key) => {
    const other = randomBytes(32).toString("base64");
    for (const text of [key.toString("hex"), key.toString("base64"), key.toString("base64url")]) {
      for (const value of [`k1:${text}`, `k2:${other},k1:${text}`]) {
        const { message } = thrownBy(() => encryptionKeysFromEnv({ CAL_TOKEN_ENCRYPTION_KEYS: value }));
        expect(message).toContain("openssl rand -base64 32");
        expect(message).not.toContain(text);
      }
    }
  });

  test("random ones are accepted", () => {
    for (let n = 0; n < 10_000; n += 1) {
      encryptedTokenStore(memoryTokenStore(), { keys: { k1: randomBytes(32) } });
    }
  });
});

describe("wants an encryption key from an error or from the doctor's output", () => {
  const key = (bytes = 32) => randomBytes(bytes);
  const swapped: [string, () => [secret: string, variable: string]][] = [
    ["32 bytes in hexadecimal", () => pair(key().toString("hex"))],
    ["in upper case", () => pair(key().toString("hex").toUpperCase())],
    ["in base64", () => pair(key().toString("base64"))],
    ["in base64 without padding", () => pair(key().toString("base64").replace(/=+$/, ""))],
    ["in base64url", () => pair(key().toString("base64url"))],
    ["16 bytes in hexadecimal", () => pair(key(16).toString("hex"))],
    ["16 bytes in base64url", () => pair(key(16).toString("base64url"))],
    ["24 bytes in base64url", () => pair(key(24).toString("base64url"))],
    ["64 bytes in base64url", () => pair(key(64).toString("base64url"))],
    ["cut to 40 characters", () => pair(key().toString("base64url").slice(0, 40))],
    [
      "two keys, one of them as the id of the other",
      () => {
        const secret = key().toString("hex");
        return [secret, `${secret}:${key().toString("base64")}`];
      },
    ],
    [
      "one key twice",
      () => {
        const secret = key(24).toString("base64url");
        const other = key().toString("base64");
        return [secret, `${secret}:${other},${secret}:${other}`];
      },
    ],
  ];
  const pair = (secret: string): [string, string] => [secret, `${secret}:k1`];

  test.each(swapped)("the two sides of the colon are swapped: %s", async (_, make) => {
    const [secret, CAL_TOKEN_ENCRYPTION_KEYS] = make();
    const env = { CAL_TOKEN_ENCRYPTION_KEYS };
    expect(thrownBy(() => encryptionKeysFromEnv(env)).message).not.toContain(secret.slice(0, 8));
    const { code, out, err } = await runCommand(["doctor"], {
      env,
      fetch: () => Promise.reject(new TypeError("offline")),
    });
    expect(code).toBe(1);
    expect(out).toMatch(/wrong.*(encryption key|CAL_TOKEN_ENCRYPTION_KEYS)/);
    expect(out + err).not.toContain(secret.slice(0, 8));
  });

  test("a short id is named, so that one knows which key is meant", () => {
    const env = { CAL_TOKEN_ENCRYPTION_KEYS: "production-2027:c2hvcnQ=" };
    expect(thrownBy(() => encryptionKeysFromEnv(env)).message).toContain('"production-2027"');
  });
});

describe("wants a user's access token, by a script in a page", () => {
  test("the token route is off by default, as a part of all routes and alone", async () => {
    const app = createApp({ handlers: { exposeAccessToken: undefined } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.start("google");
    const alone = new Request(ORIGIN, { headers: { cookie: "session=ada" } });
    for (const response of [await ada.fetch("/refresh"), await app.handlers.refresh(alone)]) {
      expect(response.status).toBe(404);
      const text = await response.text();
      expect(text).not.toContain("eyJ");
      expect(text).toContain("exposeAccessToken: true");
    }
  });
});

describe("wants more of a user than Cal.com needs, where the application returns a whole row", () => {
  const row = {
    id: 7,
    userId: "ada",
    email: "ada@users.example",
    name: "Ada",
    timeZone: "Europe/London",
    locale: null,
    passwordHash: "$argon2id$s3cret-hash",
    sessionToken: "s3cret-session",
    role: "admin",
    toJSON: undefined,
  };

  test("the handlers, the client and an update send only the documented fields", async () => {
    const bodies: unknown[] = [];
    const app = createApp({ handlers: { authenticate: () => row } });
    const cal = new CalClient({
      managedUsers: { clientId: app.emulator.clientId, clientSecret: app.emulator.clientSecret },
      baseUrl: app.emulator.url,
      tokenStore: memoryTokenStore(),
      fetch: (url, init) => {
        if (typeof init?.body === "string") bodies.push(JSON.parse(init.body));
        return app.emulator.fetch(url, init);
      },
    });
    const { handle } = app.sibling({ client: cal });
    const response = await createBrowser(handle).fetch("/calendars/oauth-connect-url?type=google");
    expect(response.status).toBe(200);
    const { locale, ...rest } = row;
    expect(locale).toBeNull();
    const grace = await cal.ensureUser("grace", { ...rest, email: "grace@users.example" });
    await grace.update({ ...rest, email: "grace@users.example" });

    const known = ["email", "name", "timeZone", "metadata"].sort();
    expect(bodies.map((body) => Object.keys(body as object).sort())).toEqual([
      known,
      known,
      known.filter((name) => name !== "metadata"),
    ]);
    expect(JSON.stringify(bodies)).not.toContain("s3cret");
  });
});

test("wants a response in a page of another site", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const responses = [
    await ada.fetch("/calendars/status"),
    await ada.fetch("/nothing"),
    await ada.fetch("/refresh", { method: "PUT" }),
    await ada.visit(`${ORIGIN}/api/cal/gcal-oauth-redirect`),
    await ada.fetch("/refresh", { headers: { "sec-fetch-site": "cross-site" } }),
  ];
  for (const { headers } of responses) {
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});
