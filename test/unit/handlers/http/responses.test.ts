import { describe, expect, test } from "vitest";
import {
  CalApiError,
  CalRateLimitError,
  CalStoreError,
  CalTimeoutError,
  CalUserInUseError,
  CalValidationError,
} from "../../../../src/errors.js";
import { HttpError, invalidInput } from "../../../../src/handlers/http/http-error.js";
import { failure, isReportable, json, seeOther, success } from "../../../../src/handlers/http/responses.js";

const security = {
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

describe("each response", () => {
  test.each([
    ["of success", success({ a: 1 }), 200],
    ["of failure", failure(new Error("x")), 500],
    ["with another body", json(201, { a: 1 }), 201],
    ["that redirects", seeOther("https://app.example/"), 303],
  ])("%s has the security headers", (_, response, status) => {
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject(security);
  });

  test("has the given headers and cookies", () => {
    const extras = { headers: { Allow: "GET" }, cookies: ["a=1; Path=/", "b=2"] };
    for (const response of [json(200, {}, extras), seeOther("https://app.example/", extras)]) {
      expect(response.headers.get("allow")).toBe("GET");
      expect(response.headers.getSetCookie()).toEqual(extras.cookies);
    }
  });
});

describe("an error", () => {
  const secret = "s3cret";
  const api = (code: CalApiError["code"], status: number) => new CalApiError(secret, { code, status });
  test.each<[unknown, number, string]>([
    [invalidInput("type must be google."), 400, "invalid_input"],
    [new HttpError(405, "method_not_allowed", "No."), 405, "method_not_allowed"],
    [new CalRateLimitError(secret, { code: "rate_limited", status: 429 }), 503, "rate_limited"],
    [new CalTimeoutError(secret), 504, "unavailable"],
    [api("server_error", 500), 502, "unavailable"],
    [api("unauthorized", 401), 502, "unavailable"],
    [api("conflict", 409), 409, "conflict"],
    [api("forbidden", 403), 502, "not_permitted"],
    [api("bad_request", 400), 500, "internal_error"],
    [new CalValidationError(secret), 500, "internal_error"],
    [new CalStoreError(secret), 500, "internal_error"],
    [new Error(secret), 500, "internal_error"],
    [secret, 500, "internal_error"],
    [undefined, 500, "internal_error"],
  ])("%s is %i %s, and its own message stays on the server", async (error, status, code) => {
    const response = failure(error);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ success: false, error: { code } });
    expect(text).not.toContain(secret);
    expect(isReportable(error), "the application is told of what is not the browser's fault").toBe(
      !(error instanceof HttpError),
    );
  });

  test.each([
    api("conflict", 409),
    api("email_in_use", 409),
    api("unowned_user", 409),
    api("username_taken", 409),
    new CalUserInUseError(secret),
  ])(
    "says of $code what is true of each: the address may be free, and the user name taken",
    async (error) => {
      const message = "Another calendar user has this e-mail address, or the same user name.";
      expect(await failure(error).json()).toMatchObject({ error: { code: "conflict", message } });
    },
  );

  test("keeps its headers, and says when to try again", () => {
    expect(
      failure(new HttpError(405, "method_not_allowed", "No.", { Allow: "GET" })).headers.get("allow"),
    ).toBe("GET");
    const limited = new CalRateLimitError("x", { code: "rate_limited", status: 429, retryAfterMs: 6_100 });
    expect(failure(limited).headers.get("retry-after")).toBe("7");
  });
});
