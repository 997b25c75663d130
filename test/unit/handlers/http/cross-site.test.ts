import { describe, expect, test } from "vitest";
import { isCrossSite } from "../../../../src/handlers/http/cross-site.js";

const trusted = new Set(["https://app.example", "https://www.app.example"]);
const judge = (headers: Record<string, string>): boolean =>
  isCrossSite(new Request("https://app.example/", { headers }), trusted);

describe("a request that another site caused", () => {
  test.each<[string, Record<string, string>]>([
    ["the browser says so", { "sec-fetch-site": "cross-site" }],
    [
      "the browser says so, whatever the origin",
      { "sec-fetch-site": "cross-site", origin: "https://app.example" },
    ],
    ["a sibling subdomain", { "sec-fetch-site": "same-site", origin: "https://evil.app.example" }],
    ["a sibling subdomain without an origin", { "sec-fetch-site": "same-site" }],
    ["the same host by http", { "sec-fetch-site": "same-site", origin: "http://app.example" }],
    ["another port", { "sec-fetch-site": "same-site", origin: "https://app.example:8443" }],
    ["a value of the header that there isn't yet", { "sec-fetch-site": "future-site" }],
    ["an older browser, by its origin", { origin: "https://evil.example" }],
    ["a sandboxed frame", { origin: "null" }],
    ["an older browser, by its referrer", { referer: "https://evil.example/app.example" }],
    ["a referrer that is no URL", { referer: "app.example" }],
  ])("%s", (_, headers) => {
    expect(judge(headers)).toBe(true);
  });

  test.each<[string, Record<string, string>]>([
    ["a page of the application", { "sec-fetch-site": "same-origin" }],
    ["an address that the user entered", { "sec-fetch-site": "none" }],
    ["an allowed origin", { "sec-fetch-site": "same-site", origin: "https://www.app.example" }],
    [
      "an allowed origin, by its referrer",
      { "sec-fetch-site": "same-site", referer: "https://www.app.example/x" },
    ],
    ["an older browser, by its origin", { origin: "https://app.example" }],
    ["an older browser, by its referrer", { referer: "https://app.example/settings" }],
    ["a program that is no browser", {}],
  ])("not: %s", (_, headers) => {
    expect(judge(headers)).toBe(false);
  });
});
