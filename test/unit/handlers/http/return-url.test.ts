import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveAppUrl } from "../../../../src/handlers/http/app-url.js";
import { HttpError } from "../../../../src/handlers/http/http-error.js";
import { allowedReturnUrl, toReturnUrl, withParameters } from "../../../../src/handlers/http/return-url.js";

const root = new URL("https://app.example");
const shop = new URL("https://app.example/shop");
const trusted = new Set(["https://app.example", "https://www.app.example"]);

describe("an address of the application", () => {
  test.each([
    ["/settings", "https://app.example/settings", "https://app.example/shop/settings"],
    ["/", "https://app.example/", "https://app.example/shop/"],
    ["/shop", "https://app.example/shop", "https://app.example/shop"],
    ["/shop/a?b#c", "https://app.example/shop/a?b#c", "https://app.example/shop/a?b#c"],
    ["/shop?b", "https://app.example/shop?b", "https://app.example/shop?b"],
    ["/shopping", "https://app.example/shopping", "https://app.example/shop/shopping"],
    ["/shop/../x", "https://app.example/x", "https://app.example/shop/x"],
    ["/%2e%2e/x", "https://app.example/x", "https://app.example/shop/x"],
    ["/.//x", "https://app.example//x", "https://app.example/shop//x"],
    ["/漢", "https://app.example/%E6%BC%A2", "https://app.example/shop/%E6%BC%A2"],
    ["https://else.example/x", "https://else.example/x", "https://else.example/x"],
  ])("%s", (value, atRoot, atShop) => {
    expect(resolveAppUrl(value, root)?.href).toBe(atRoot);
    expect(resolveAppUrl(value, shop)?.href).toBe(atShop);
  });

  test.each([
    "",
    "settings",
    "./settings",
    "?tab=2",
    "#top",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/a b",
    "/a\u00a0b",
    "/a\nb",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https://app.example\\@evil.example",
    "https://user@app.example",
    "https://:pass@app.example",
    "javascript:alert(1)",
    "ftp://app.example",
    "https://",
    5,
    null,
    undefined,
    {},
  ])("is none: %j", (value) => {
    expect(resolveAppUrl(value, shop)).toBeNull();
  });

  test("a path stays on the application's origin and below its path, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.webPath()), (text) => {
        const url = resolveAppUrl(`/${text}`, shop);
        if (!url) return;
        expect(url.origin).toBe("https://app.example");
        expect(`${url.pathname}/`).toMatch(/^\/shop\//);
      }),
    );
  });
});

describe("a return URL", () => {
  test("is whole and percent-encoded, so that a browser has nothing to interpret", () => {
    expect(toReturnUrl("/settings?tab=é", shop, trusted)).toBe(
      "https://app.example/shop/settings?tab=%C3%A9",
    );
    expect(toReturnUrl("https://WWW.app.example/x", shop, trusted)).toBe("https://www.app.example/x");
  });

  test.each([
    "https://evil.example",
    "//evil.example",
    "http://app.example/",
    "https://app.example:444/",
    "https://app.example.evil.example/",
    `/${"a".repeat(1100)}`,
    `/${"漢".repeat(400)}`,
    `/?${"é".repeat(400)}`,
  ])("is rejected without repeating it: %s", (value) => {
    const reject = () => toReturnUrl(value, root, trusted);
    expect(reject).toThrow(HttpError);
    expect(reject).toThrow(/^returnUrl must be a path, or a URL of an allowed origin, of at most 1024 bytes/);
  });

  test("of at most 1,024 bytes in its encoded form", () => {
    const longest = "a".repeat(1024 - "https://app.example/".length);
    expect(toReturnUrl(`/${longest}`, root, trusted)).toHaveLength(1024);
    expect(() => toReturnUrl(`/${longest}a`, root, trusted)).toThrow(HttpError);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 1100 }), (text) => {
        try {
          expect(toReturnUrl(`/${text}`, root, trusted).length).toBeLessThanOrEqual(1024);
        } catch (error) {
          expect(error).toBeInstanceOf(HttpError);
        }
      }),
    );
  });

  test("of a state is checked again, as the allowed origins may have changed", () => {
    expect(allowedReturnUrl("https://www.app.example/x", trusted)).toBe("https://www.app.example/x");
    const now = new Set(["https://app.example"]);
    for (const value of ["https://www.app.example/x", "javascript:alert(1)", "/x", "", undefined]) {
      expect(allowedReturnUrl(value, now)).toBeUndefined();
    }
  });
});

test("parameters replace those of the same name, and leave the others", () => {
  expect(withParameters("https://app.example/x?a=1&b=2#c", { b: "x y", d: "&" })).toBe(
    "https://app.example/x?a=1&b=x+y&d=%26#c",
  );
});
