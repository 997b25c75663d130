import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCookies, setCookie } from "../../../../src/handlers/http/cookies.js";

/** The cookies of a request with this header, as it is on the wire. */
function read(header: string): Record<string, string> {
  const headers = { get: (name: string) => (name === "cookie" ? header : null) };
  return Object.fromEntries(readCookies({ headers } as unknown as Request));
}

describe("the cookies of a request", () => {
  test("are their names and values, as they were sent", () => {
    expect(read('a=1; b=x%20y; c="q"; d=a=b==; e=')).toEqual({
      a: "1",
      b: "x%20y",
      c: '"q"',
      d: "a=b==",
      e: "",
    });
    expect(Object.fromEntries(readCookies(new Request("https://app.example")))).toEqual({});
  });

  test("with spaces and tabs around names and values, or without", () => {
    expect(read("  a=1;b = 2 ;\t c\t=\t3\t")).toEqual({ a: "1", b: "2", c: "3" });
  });

  test("the first of several with one name counts", () => {
    expect(read("a=1; a=2")).toEqual({ a: "1" });
  });

  test("pairs without a name or an equals sign are ignored", () => {
    expect(read("a; =b; ; ;; =; c=1")).toEqual({ c: "1" });
  });

  test.each([
    "\xa0a",
    "a\xa0",
    "é",
    "\x01a",
    "\x7f",
    "a b",
    "a\tb",
    "(a)",
    "a,b",
    "a@b",
    "a[0]",
    '"a"',
    "a/b",
    "a:b",
  ])("a name that is not a token of RFC 6265 is ignored: %j", (name) => {
    expect(read(`${name}=1; b=2`)).toEqual({ b: "2" });
  });

  test("a name is never another text than what stands between the separators, but for blanks", () => {
    const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit: byte }), (header) => {
        for (const [name, value] of Object.entries(read(header))) {
          const pair = header.split(";").find((text) => {
            const [before = ""] = text.split("=");
            return text.includes("=") && before.replace(/^[ \t]+|[ \t]+$/g, "") === name;
          });
          expect(pair).toBeDefined();
          expect(name).toMatch(/^[!#$%&'*+\-.^_`|~\w]+$/);
          expect(pair).toContain(value);
        }
      }),
    );
  });
});

describe("Set-Cookie", () => {
  test("is for this host only, not for scripts, and comes along on the way back", () => {
    const attributes = { isSecure: true, maxAgeSeconds: 600 };
    expect(setCookie("__Host-a", "x", attributes)).toBe(
      "__Host-a=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
    );
  });

  test("has no Secure on http, where browsers would drop it", () => {
    expect(setCookie("a", "", { isSecure: false, maxAgeSeconds: 0 })).toBe(
      "a=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    );
  });
});
