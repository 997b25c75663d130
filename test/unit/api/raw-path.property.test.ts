import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rawCall } from "../../../src/api/raw-request.js";
import { callUrl } from "../../../src/api/url.js";
import { CalValidationError } from "../../../src/index.js";

const baseUrl = "https://cal.example/proxy/v2";

/** The URL that a path leads to, or `null` if it is refused. */
function urlOf(path: string, params: Record<string, string> = {}): URL | null {
  try {
    const call = rawCall({ path, params }, baseUrl);
    return new URL(callUrl(baseUrl, call.path, call.params, call.query));
  } catch (error) {
    if (error instanceof CalValidationError) return null;
    throw error;
  }
}

/** Decodes a path as often as that changes it: a server and the proxies before it may do so, too. */
function decodeAll(path: string): string {
  for (let decoded = path; ;) {
    let next: string;
    try {
      next = decodeURIComponent(decoded);
    } catch {
      return decoded;
    }
    if (next === decoded) return decoded;
    decoded = next;
  }
}

const pieces = [
  ...["..", ".", "/", "//", "\\", "%2e", "%2E%2e", "%252e", "%2f", "%5c", "%00", "%", "%zz", ";", "..;x"],
  ...[
    "?",
    "#",
    "@",
    ":",
    "{a}",
    "{",
    "}",
    "\t",
    "\n",
    " ",
    "https:",
    "cal.example",
    "v2",
    "schedules",
    "１",
    "．",
  ],
];
const anyPath = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 8 })
  .map((parts) => parts.join(""));

describe("no path leaves the base URL", () => {
  test("whatever it is made of", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.tuple(fc.constantFrom("", "/", "/schedules/"), anyPath), ([start, rest]) => {
        const url = urlOf(start + rest, { a: rest });
        if (!url) return;
        accepted += 1;
        expect(url.origin).toBe("https://cal.example");
        expect(url.pathname).toMatch(/^\/proxy\/v2\/./);
        expect([url.search, url.hash, url.username]).toEqual(["", "", ""]);
        // The value of a parameter is one segment, whatever it contains: its slashes stay encoded.
        const segments = url.pathname.replace(/\/$/, "").split("/").slice(1);
        expect(segments.filter((segment) => ["", ".", ".."].includes(segment))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test("a path without parameters has no dot segment, however often it is decoded", () => {
    fc.assert(
      fc.property(anyPath, (rest) => {
        const url = urlOf(`/bookings/${rest}`);
        if (!url) return;
        const segments = decodeAll(url.pathname).split(/[/\\]/);
        expect(segments.filter((segment) => /^\.{1,2}(;.*)?$/.test(segment))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    "schedules",
    "",
    "//evil.example/x",
    "/\\evil.example",
    "https://evil.example/",
    "/schedules/../../admin",
    "/schedules/%2e%2e/admin",
    "/schedules/%252e%252e/admin",
    "/schedules/..%2f..%2fadmin",
    "/schedules/..;/admin",
    "/schedules/%5c..%5cadmin",
    "/schedules//x",
    "/schedules?x=1",
    "/schedules#x",
    "/sched\tules",
    "/schedules/%zz",
    "/schedules/\u0000",
    "/schedules/.",
    "/schedules/{",
    "/schedules/{a b}",
  ])("%j is refused", (path) => {
    expect(urlOf(path)).toBeNull();
  });

  test.each([
    ["/schedules", "/proxy/v2/schedules"],
    ["/v2/schedules", "/proxy/v2/schedules"],
    ["/v2/schedules/", "/proxy/v2/schedules/"],
    ["/bookings/aB3%20x", "/proxy/v2/bookings/aB3%20x"],
    ["/events/a%2Fb", "/proxy/v2/events/a%2Fb"],
    ["/calendars/google/v2.5", "/proxy/v2/calendars/google/v2.5"],
  ])("%j is %j", (path, pathname) => {
    expect(urlOf(path)?.pathname).toBe(pathname);
  });

  test.each(["..", ".", ""])("the value %j of a parameter is refused", (value) => {
    expect(urlOf("/bookings/{uid}", { uid: value })).toBeNull();
    expect(urlOf("/bookings/{uid}")).toBeNull();
    expect(urlOf("/bookings/{a}{b}", { a: ".", b: "." })).toBeNull();
  });

  test("a value with slashes and dots stays one segment", () => {
    expect(urlOf("/bookings/{uid}", { uid: "../../x" })?.pathname).toBe("/proxy/v2/bookings/..%2F..%2Fx");
  });
});

describe("the template that hooks and errors show", () => {
  test.each([
    ["/bookings/{uid}/cancel", "/bookings/{uid}/cancel"],
    ["/bookings/aB3xyz/cancel", "/bookings/{value2}/cancel"],
    ["/schedules/17", "/schedules/{value2}"],
    ["/oauth2/ada%40example.com", "/oauth2/{value2}"],
    [`/bookings/${"a".repeat(31)}`, "/bookings/{value2}"],
  ])("%j is shown as %j", (path, template) => {
    expect(rawCall({ path, params: { uid: "secret-1" } }, baseUrl).path).toBe(template);
  });
});
