import fc from "fast-check";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { redact, redactError } from "../../../src/lib/redact.js";

// Long enough to be worth finding, and of no letters that "[redacted]" itself has.
const secret = fc
  .string({ unit: "grapheme", minLength: 6, maxLength: 40 })
  .filter((text) => text.trim().length >= 6 && !/[[\]redact]/.test(text));

/** The ways in which a value travels. */
const spellings: Record<string, (text: string) => string> = {
  raw: (text) => text,
  "percent-encoded": encodeURIComponent,
  "percent-encoded twice": (text) => encodeURIComponent(encodeURIComponent(text)),
  "percent-encoded, in small letters": (text) =>
    encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase()),
  "in a URL's query, by URL": (text) => {
    const url = new URL("https://x.example/");
    url.searchParams.set("a", text);
    return url.search.slice(3);
  },
  "JSON-escaped": (text) => JSON.stringify(text).slice(1, -1),
  "JSON-escaped twice": (text) => JSON.stringify(JSON.stringify(text)).slice(3, -3),
  "form-encoded": (text) => new URLSearchParams([["", text]]).toString().slice(1),
};

describe.each(Object.entries(spellings))("a known secret that is %s", (_, spell) => {
  test("is not in the output, whatever stands around it", () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const spelled = spell(value);
        const output = redact(before + spelled + after, [value]);
        expect(output).not.toContain(spelled);
        expect(output).not.toContain(value);
      }),
    );
  });
});

describe("known secrets", () => {
  test("each of several is removed, also where one holds another", () => {
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), fc.string(), (values, glue) => {
        const nested = [...values, values.join(glue)];
        const output = redact(nested.join(glue), nested);
        for (const value of nested) expect(output).not.toContain(value);
      }),
    );
  });

  test("a short one is removed, too", () => {
    for (const value of ["x", "ab", "123"]) {
      expect(redact(`password ${value} was refused`, [value])).not.toMatch(new RegExp(`\\b${value}\\b`));
    }
  });

  test("an empty one changes nothing", () => {
    expect(redact("Nothing secret here.", [""])).toBe("Nothing secret here.");
  });

  test("without any, plain text stays as it is", () => {
    const messages = [
      "Credentials for google_calendar not found.",
      "User with the provided e-mail already exists. Existing user ID=102",
      "ApiAuthStrategy - access token - OAuth client not found given the access token",
      "Invalid refresh token",
      "Access token expired or revoked",
      "password must be longer than or equal to 1 characters",
      "isDryRun - Expected string, received null, origin - Expected string, received null, ",
    ];
    for (const message of messages) expect(redact(message)).toBe(message);
  });

  test("any text is redacted in linear time", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 2_000 }),
        fc.array(fc.string({ unit: "binary" })),
        (text, values) => {
          expect(typeof redact(text, values)).toBe("string");
        },
      ),
    );
    const hostile = [
      "eyJ" + "a.".repeat(50_000),
      "token=".repeat(20_000),
      "a://".repeat(20_000),
      "bearer ".repeat(20_000),
    ];
    const startedAt = performance.now();
    for (const text of hostile) redact(text);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe("a text that is too long to be searched", () => {
  const MAX = 16_384;
  const words = (length: number) => "word ".repeat(Math.ceil(length / 5)).slice(0, length);
  const shapes: Record<string, (value: string) => string> = {
    ...spellings,
    "behind a name": (text) => `password=${encodeURIComponent(text)}`,
    "in a URL's credentials": (text) => `postgres://user:${encodeURIComponent(text)}@db.example/app`,
    "in a query": (text) => `/save?code=${encodeURIComponent(text)}&x=1`,
  };

  test("is cut", () => {
    for (const text of ["x".repeat(15_000_000), words(15_000_000), "a://".repeat(4_000_000)]) {
      expect(redact(text).length).toBeLessThanOrEqual(MAX + 1);
    }
    expect(redact(words(MAX))).toBe(words(MAX));
    expect(redact(words(MAX + 1))).toMatch(/ word …$/);
  });

  test.each(Object.entries(shapes))("keeps no part of a secret that the cut went through: %s", (_, spell) => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 0, max: 120 }), (value, offset) => {
        const spelled = spell(value);
        const text = `${words(MAX - offset)} ${spelled} ${words(1_000)}`;
        const output = redact(text, [value]);
        expect(output).not.toContain(spelled);
        // Whatever is left behind the last whole word is not the start of the secret.
        const rest = output.replace(/^(?:word ?)*/, "").replaceAll("[redacted]", "");
        for (const start of [value.slice(0, 3), spelled.slice(0, 3)]) {
          if (!/^(word|[\s…/]|pos|pas)/.test(start)) expect(rest).not.toContain(start);
        }
      }),
    );
  });

  test("keeps no part of a secret that holds spaces", () => {
    const value = "abcd efgh ijkl mnop";
    for (let offset = 0; offset < 24; offset += 1) {
      const output = redact(`${words(MAX - offset)}${value} and more`, [value]);
      expect(output).not.toMatch(/abcd|efgh|ijkl/);
    }
  });

  test("an error with a long message keeps its frames", () => {
    const error = new Error(words(1_000_000));
    const copy = redactError(error);
    expect(copy.message.length).toBeLessThanOrEqual(MAX + 1);
    expect(copy.stack).toMatch(/…\n +at .*redact\.test/);
  });
});

describe("control and formatting characters", () => {
  test("a message becomes one line, and a stack keeps one line a frame", () => {
    const error = new Error("a\nb\r\nc\u2028d\x1b[31me\u202ef");
    const copy = redactError(error);
    expect(copy.message).toBe("a b c def");
    const [first, ...frames] = copy.stack!.split("\n");
    expect(first).toBe("Error: a b c def");
    for (const frame of frames) expect(frame).toMatch(/^ +at /);
  });

  test("a secret that they split, or that holds them, is found", () => {
    for (const [text, value] of [
      ["hun\x1b[0mter2-hunter2", "hunter2-hunter2"],
      ["hun\u200bter2-hunter2", "hunter2-hunter2"],
      ["hun\u202eter2-hunter2", "hun\u202eter2-hunter2"],
      ["hunter2-hunter2", "hun\u202eter2-hunter2"],
      ["hunter2\nhunter2", "hunter2\nhunter2"],
      ["hunter2\thunter2", "hunter2\thunter2"],
    ] as const) {
      expect(redact(`it is ${text}.`, [value])).toBe("it is [redacted].");
      expect(redactError(new Error(`it is ${text}.`), [value]).stack).not.toContain("hunter2");
    }
  });

  test("none is left, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.string({ unit: "binary" })), (text, values) => {
        expect(redact(text, values)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      }),
    );
  });

  test("text in any language stays as it is", () => {
    const text = "Grüße, 你好, שלום, مرحبا, नमस्ते, 🎉";
    expect(redact(text)).toBe(text);
  });
});

describe("a text with the shape of a secret is removed, known or not", () => {
  const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{8,60}$/);
  const jwt = fc.tuple(base64url, base64url, base64url).map(([a, b, c]) => `eyJ${a}.eyJ${b}.${c}`);
  // What can't be a part of a token itself.
  const around = fc.constantFrom("", " ", '"', "'", "(", ")", "\n", ": ", "Error: ", " - ", ", ");

  test("tokens", () => {
    fc.assert(
      fc.property(jwt, around, around, (token, before, after) => {
        const output = redact(before + token + after);
        for (const part of token.split(".")) expect(output).not.toContain(part);
      }),
    );
  });

  test("a token that was cut off", () => {
    fc.assert(
      fc.property(jwt, fc.integer({ min: 12, max: 60 }), (token, length) => {
        expect(redact(`got ${token.slice(0, length)}`)).not.toContain(token.slice(0, 12));
      }),
    );
  });

  test("an encrypted token of five parts", () => {
    const jwe = "eyJhbGciOiJkaXIifQ..AAECAwQFBgcICQoL.c2VhbGVkLXRva2Vu.dGFnLXRhZy10YWc";
    expect(redact(`can't decrypt ${jwe} now`)).toBe("can't decrypt [redacted] now");
  });

  test("Authorization values", () => {
    fc.assert(
      fc.property(fc.constantFrom("Bearer", "bearer", "BEARER", "Basic"), base64url, (scheme, value) => {
        expect(redact(`header Authorization: ${scheme} ${value}, status 401`)).not.toContain(value);
      }),
    );
  });

  test("queries, fragments and credentials of URLs", () => {
    const urls = [
      "https://api.cal.com/v2/calendars/google/save?state=%7B%22s3cr3t%22&code=s3cr3t",
      "https://app.example/done#s3cr3t",
      "postgres://calbridge:s3cr3t@db.example:5432/app",
      "https://s3cr3t@feeds.example/a.ics",
      "webcal://user:s3cr3t@feeds.example/a.ics?key=s3cr3t",
    ];
    for (const url of urls) {
      for (const text of [url, `request to ${url} failed`, `"${url}"`, `(${url})`, JSON.stringify({ url })]) {
        expect(redact(text), text).not.toContain("s3cr3t");
      }
    }
    expect(redact("GET https://api.cal.com/v2/me failed")).toBe("GET https://api.cal.com/v2/me failed");
  });

  test("a path with a query, as errors of Cal.com repeat it", () => {
    const path = "/v2/calendars/google/save?state=%7B%22accessToken%22%3A%22s3cr3t%22%7D&code=s3cr3t";
    expect(redact(`Cannot GET ${path}`)).not.toContain("s3cr3t");
    expect(redact(JSON.stringify({ path }))).not.toContain("s3cr3t");
  });

  test("values behind names that only ever hold secrets", () => {
    const texts = [
      "access_token=s3cr3t",
      "refresh_token: s3cr3t",
      '{"accessToken":"s3cr3t"}',
      '{"refreshToken": "s3cr3t"}',
      '{\\"accessToken\\":\\"s3cr3t\\"}',
      "accessToken=s3cr3t&x=1",
      "id_token='s3cr3t'",
      "client_secret=s3cr3t",
      "clientSecret: s3cr3t",
      "x-cal-secret-key: s3cr3t",
      "password=s3cr3t",
      '"password":"s3cr3t"',
      "PGPASSWORD=s3cr3t",
      "api_key=s3cr3t",
      "code_verifier=s3cr3t",
      "token=s3cr3t",
      '"token":"s3cr3t"',
      "?state=s3cr3t",
      "?x=1&code=s3cr3t",
      "%22accessToken%22%3A%22s3cr3t%22",
    ];
    for (const text of texts) expect(redact(`before ${text} after`), text).not.toContain("s3cr3t");
  });
});

describe("a copy of an error of other code", () => {
  const value = "hunter2-hunter2";

  test("has its name, code and message, without secrets and other properties", () => {
    const error = Object.assign(new TypeError(`can't send ${value}`), {
      code: "ECONNRESET",
      request: { headers: { authorization: value } },
      parameters: [value],
    });
    const copy = redactError(error, [value]);
    expect(copy).toMatchObject({ name: "TypeError", code: "ECONNRESET", message: "can't send [redacted]" });
    expect(inspect(copy, { depth: Infinity, showHidden: true })).not.toContain(value);
    expect(error.message).toContain(value);
  });

  test("has its causes, redacted as well", () => {
    const error = new Error("a", { cause: new Error(`b ${value}`, { cause: { detail: value } }) });
    const copy = redactError(error, [value]);
    expect(inspect(copy, { depth: Infinity, showHidden: true })).not.toContain(value);
    expect((copy.cause as Error).message).toBe("b [redacted]");
  });

  test("a cycle of causes ends", () => {
    const error = new Error("round");
    error.cause = new Error("and round", { cause: error });
    expect(redactError(error).message).toBe("round");
  });

  test("a very long chain of causes ends", () => {
    let error = new Error("the first");
    for (let i = 0; i < 50_000; i += 1) error = new Error("the next", { cause: error });
    expect(redactError(error).message).toBe("the next");
  });

  test("a thrown value that is not an error becomes one, without its contents", () => {
    for (const thrown of [{ token: value }, [value], null, undefined, 5, Symbol(value), () => value]) {
      const copy = redactError(thrown, []);
      expect(copy).toBeInstanceOf(Error);
      expect(inspect(copy, { depth: Infinity, showHidden: true })).not.toContain(value);
    }
    expect(redactError(`text ${value}`, [value]).message).toBe("text [redacted]");
  });

  test("an error whose message is not a text", () => {
    const error = Object.assign(new Error("x"), { message: { token: value }, stack: 5, name: undefined });
    const copy = redactError(error, [value]);
    expect(inspect(copy, { depth: Infinity, showHidden: true })).not.toContain(value);
  });
});
