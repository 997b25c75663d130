import type { TestClientOptions } from "../../support/client-options.js";
import { describe, expect, test } from "vitest";
import {
  CalApiError,
  CalClient,
  CalRateLimitError,
  isCalError,
  type CalErrorCode,
} from "../../../src/index.js";
import { rejection, storeOfAda } from "../../support/client.js";
import { recordingClasses, recordings, type Recorded } from "../../support/recordings.js";

const failures = recordingClasses.flatMap(recordings).filter(({ response }) => response.status >= 400);

async function client(respond: () => Response, options: TestClientOptions = {}): Promise<CalClient> {
  const tokenStore = await storeOfAda();
  const fetch = () => Promise.resolve(respond());
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    fetch,
    retry: { limit: 0 },
    ...options,
    tokenStore,
  });
}

function responseOf({ status, headers, body }: Recorded["response"]): Response {
  const text = body === null ? null : typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, { status, headers });
}

/** The errors of a call for a user and of a call as the OAuth client. */
async function bothErrors(respond: () => Response): Promise<{ asUser: CalApiError; asClient: CalApiError }> {
  const cal = await client(respond);
  return {
    asUser: (await rejection(cal.forUser("ada").calendars.list())) as CalApiError,
    asClient: (await rejection(cal.managedUsers.get(1))) as CalApiError,
  };
}

const codes: Record<number, CalErrorCode> = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  415: "api_error",
  429: "rate_limited",
  431: "payload_too_large",
  498: "token_expired",
  500: "server_error",
};

test("the recordings contain errors of all statuses", () => {
  expect(new Set(failures.map(({ response }) => String(response.status)))).toEqual(
    new Set(Object.keys(codes)),
  );
});

/** Two kinds of 403 that OAuth 2 tokens get. */
function scopeCodeOf(message = ""): CalErrorCode | undefined {
  if (message.includes("not available for third-party OAuth tokens")) return "unavailable_for_grant";
  return message.includes("does not have the required scopes") ? "missing_scope" : undefined;
}

// Messages about the access token. A user's call is then retried with a new token.
const aboutToken = /^Invalid Access Token\.$|^ApiAuthStrategy|OAuth client not found given the access token/;

test.each(failures.map((entry) => [`${String(entry.response.status)} ${entry.name}`, entry] as const))(
  "recorded: %s",
  async (_, { response }) => {
    const { status, body } = response;
    const error = (body as { error?: unknown } | null)?.error;
    const recordedError = (typeof error === "object" ? error : { code: error }) as {
      code?: string;
      message?: string;
    };

    // A 404 for an unknown route means a wrong base URL, not a missing object.
    const isUnknownRoute = /^Cannot [A-Z]+ /.test(recordedError.message ?? "");
    const code = isUnknownRoute ? "api_error" : (scopeCodeOf(recordedError.message) ?? codes[status]);

    const { asUser, asClient } = await bothErrors(() => responseOf(response));
    expect(asClient).toBeInstanceOf(CalApiError);
    expect(asClient).toMatchObject({ status, code });
    if (isUnknownRoute) expect(asClient.message).toContain("Check that baseUrl ends in /v2.");
    expect(asClient.apiCode).toBe(recordedError.code);
    expect(asClient.message).toContain(String(status));

    // The user's token is rejected, so there is a refresh first. This server rejects the refresh as well.
    if (status === 498 || (status === 401 && aboutToken.test(recordedError.message ?? ""))) return;
    expect(asUser).toMatchObject({ status, code });
    expect(asUser.apiCode).toBe(recordedError.code);
  },
);

describe("shapes of error bodies", () => {
  const respond =
    (status: number, body: unknown, headers: Record<string, string> = {}) =>
    () =>
      typeof body === "string"
        ? new Response(body, { status, headers })
        : Response.json(body, { status, headers });

  test("the envelope is read, with details as an object, as text, or absent", async () => {
    for (const details of [{ message: "m", error: "Conflict", statusCode: 409 }, "m", undefined]) {
      const error = { code: "ConflictException", message: "The message", details };
      const { asUser } = await bothErrors(respond(409, { status: "error", path: "/v2/x", error }));
      expect(asUser).toMatchObject({
        code: "conflict",
        apiCode: "ConflictException",
        apiMessage: "The message",
        status: 409,
      });
      expect(asUser.message).toContain("The message");
    }
  });

  test("the message has the validation messages of each field, but not the rejected values", async () => {
    const errors = [
      {
        target: { username: "ada", password: "hunter2-hunter2" },
        value: "hunter2-hunter2",
        property: "password",
        constraints: { minLength: "password must be longer" },
      },
      { property: "urls", constraints: { isArray: "urls must be an array" } },
    ];
    const error = { code: "BadRequestException", message: "Bad Request Exception", details: { errors } };
    const { asUser } = await bothErrors(respond(400, { status: "error", error }));
    expect(asUser.message).toContain("password must be longer");
    expect(asUser.message).toContain("urls must be an array");
    expect(asUser.message).not.toContain("hunter2");
  });

  test("the shape {statusCode, message} has a message and no apiCode", async () => {
    const { asUser } = await bothErrors(respond(500, { statusCode: 500, message: "Internal server error" }));
    expect(asUser).toMatchObject({ code: "server_error", status: 500, apiMessage: "Internal server error" });
    expect(asUser).not.toHaveProperty("apiCode");
    const { asClient } = await bothErrors(
      respond(413, { statusCode: 413, message: "request entity too large" }),
    );
    expect(asClient).toMatchObject({ code: "payload_too_large", status: 413 });
  });

  test("Cal.com's message ends with a period before the advice of calbridge", async () => {
    for (const message of ["Invalid client secret", "Invalid client secret."]) {
      const { asClient } = await bothErrors(respond(401, { statusCode: 401, message }));
      expect(asClient.message).toMatch(/: Invalid client secret\. Check clientId and clientSecret\.$/);
      expect(asClient.apiMessage).toBe(message);
    }
  });

  test("the error shape of OAuth 2 is read", async () => {
    const body = { error: "invalid_grant", error_description: "code_invalid_or_expired" };
    const { asClient } = await bothErrors(respond(400, body));
    expect(asClient).toMatchObject({ apiCode: "invalid_grant", apiMessage: "code_invalid_or_expired" });
  });

  const strange: [string, number, string, CalErrorCode][] = [
    ["an empty 431", 431, "", "payload_too_large"],
    ["HTML of a proxy", 503, "<html><body>Service Unavailable, token=abc</body></html>", "server_error"],
    ["text of a server that is not Cal.com", 404, "Not Found", "api_error"],
    ["JSON that is not an object", 400, "[1]", "bad_request"],
    ["incomplete JSON", 400, '{"status":"error","error":{"mess', "bad_request"],
    ["fields with other types", 422, '{"error":{"code":5,"message":{"a":1},"details":7}}', "bad_request"],
    ["null fields", 418, '{"error":null,"message":null}', "api_error"],
    ["a message of 100 kB", 400, JSON.stringify({ message: "x".repeat(100_000) }), "bad_request"],
  ];
  test.each(strange)(
    "a body without a known shape is a short CalApiError: %s",
    async (_, status, body, code) => {
      const { asUser, asClient } = await bothErrors(respond(status, body));
      for (const error of [asUser, asClient]) {
        expect(error).toBeInstanceOf(CalApiError);
        expect(error).toMatchObject({ status, code });
        expect(error.message.length).toBeLessThan(600);
        expect(error.message).not.toMatch(/html|token=|undefined|null|\[object/i);
        expect(isCalError(error)).toBe(true);
      }
    },
  );

  test("429 is a CalRateLimitError with retryAfterMs", async () => {
    const error = { code: "ThrottlerException", message: "Too many requests" };
    const { asUser } = await bothErrors(
      respond(429, { status: "error", error }, { "X-RateLimit-Reset-Default": "42" }),
    );
    expect(asUser).toBeInstanceOf(CalRateLimitError);
    expect(asUser).toMatchObject({
      name: "CalRateLimitError",
      retryAfterMs: 42_000,
      apiCode: "ThrottlerException",
    });
  });

  test("the error has the request id, if the header has the form of an id", async () => {
    const body = { statusCode: 500, message: "no" };
    const kept = await bothErrors(respond(500, body, { "X-Request-Id": "0a1b-2c" }));
    expect(kept.asUser.requestId).toBe("0a1b-2c");
    const dropped = await bothErrors(respond(500, body, { "X-Request-Id": "token=abc def" }));
    expect(dropped.asUser.requestId).toBeUndefined();
  });

  test("JSON.stringify of an error has its name, code, status and message", async () => {
    const { asUser } = await bothErrors(
      respond(404, { error: { code: "NOT_FOUND", message: "Nothing here" } }),
    );
    expect(JSON.parse(JSON.stringify(asUser))).toMatchObject({
      name: "CalApiError",
      code: "not_found",
      status: 404,
      message: expect.stringContaining("Nothing here"),
    });
  });
});

describe("which 401 causes a refresh", () => {
  const errorBody = (message: string) => ({
    status: "error",
    error: {
      code: "UnauthorizedException",
      message,
      details: { message, error: "Unauthorized", statusCode: 401 },
    },
  });

  /** Calls a server that rejects the first token with this message. Returns the requests and the outcome. */
  async function rejectedWith(message: string) {
    const paths: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      const request = new Request(input, init);
      paths.push(`${request.method} ${new URL(request.url).pathname}`);
      if (request.url.endsWith("/refresh")) {
        return Promise.resolve(
          Response.json({ status: "success", data: { accessToken: "second", refreshToken: "r2" } }),
        );
      }
      const isSecond = request.headers.get("authorization") === "Bearer second";
      return Promise.resolve(
        isSecond
          ? Response.json({ status: "success", data: { connectedCalendars: [], destinationCalendar: {} } })
          : Response.json(errorBody(message), { status: 401 }),
      );
    };
    const cal = new CalClient({
      managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
      fetch,
      tokenStore: await storeOfAda(),
    });
    const outcome = await cal
      .forUser("ada")
      .calendars.list()
      .catch((error: unknown) => error);
    return { paths, outcome };
  }

  test.each([
    "Invalid Access Token.",
    "ApiAuthStrategy - access token - OAuth client not found given the access token",
    "OAuth client not found given the access token",
    "ApiAuthStrategy - anything else",
  ])('401 "%s" causes one refresh and one retry', async (message) => {
    const { paths, outcome } = await rejectedWith(message);
    expect(outcome).toMatchObject({ connectedCalendars: [] });
    expect(paths).toEqual(["GET /v2/calendars", "POST /v2/oauth/client-1/refresh", "GET /v2/calendars"]);
  });

  test.each([
    "Access token expired or revoked",
    "Could not get connected calendars",
    "These credentials do not belong to you",
    "Google Calendar not connected.",
    "Invalid Access token.",
    "ApiAuthStrategy - access token - Invalid request origin - please open https://app.cal.com/settings",
    "Unauthorized",
    "",
  ])('401 "%s" causes no refresh', async (message) => {
    const { paths, outcome } = await rejectedWith(message);
    expect(outcome).toMatchObject({ code: "unauthorized", status: 401 });
    expect(paths).toEqual(["GET /v2/calendars"]);
  });

  test("a 401 about the client secret is unauthorized, and the message says so", async () => {
    const message = "ApiAuthStrategy - oAuth client - Invalid client secret";
    const { asClient } = await bothErrors(() => Response.json(errorBody(message), { status: 401 }));
    expect(asClient).toMatchObject({ code: "unauthorized" });
    expect(asClient.message).toContain("clientSecret");
  });
});
