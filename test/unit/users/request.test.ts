import { describe, expect, test } from "vitest";
import {
  CalClient,
  type CalApiError,
  type CalRequestInfo,
  type CalRequestInput,
} from "../../../src/index.js";
import { createAda, createTestClient, rejection, storeOfAda } from "../../support/client.js";

/** A client whose Cal.com gives these responses, in order, and what it was sent. */
async function client(...responses: (() => Response)[]) {
  const sent: Request[] = [];
  const infos: CalRequestInfo[] = [];
  const cal = new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-client-secret" },
    tokenStore: await storeOfAda(),
    retry: { limit: 1, maxWaitMs: 1 },
    hooks: { onRequest: (info) => infos.push(info) },
    fetch: (input, init) => {
      sent.push(new Request(input, init));
      return Promise.resolve((responses.shift() ?? (() => Response.json({ status: "success", data: 1 })))());
    },
  });
  return { cal, ada: cal.forUser("ada"), sent, infos };
}

const unavailable = () => new Response(null, { status: 503 });

describe("user.request()", () => {
  test("sends method, path, query, body and version with the user's token", async () => {
    const { ada, sent, infos } = await client();
    await ada.request({
      method: "POST",
      path: "/v2/teams/{teamId}/bookings",
      params: { teamId: 7 },
      query: { eventTypeIds: [1, 2], status: "upcoming", skip: 0, all: true, left: undefined },
      body: { start: new Date(0), note: undefined },
      apiVersion: "2024-08-13",
    });
    const [request] = sent;
    expect(request!.method).toBe("POST");
    expect(request!.url).toBe(
      "https://api.cal.com/v2/teams/7/bookings?eventTypeIds=1%2C2&status=upcoming&skip=0&all=true",
    );
    expect(await request!.json()).toEqual({ start: "1970-01-01T00:00:00.000Z" });
    expect(request!.headers.get("cal-api-version")).toBe("2024-08-13");
    expect(request!.headers.get("authorization")).toBe("Bearer stored-access-token");
    expect(request!.headers.has("x-cal-secret-key")).toBe(false);
    expect(infos[0]!.path).toBe("/teams/{teamId}/bookings");
  });

  test("an encoded brace in a path is a character of it, beside a parameter too", async () => {
    const { ada, sent, infos } = await client();
    await ada.request({ path: "/notes/A%7Bb%7D-{id}", params: { id: "1/2" } });
    expect(sent[0]!.url).toBe("https://api.cal.com/v2/notes/A%7Bb%7D-1%2F2");
    expect(infos[0]!.path).toBe("/notes/{value2}");
  });

  test("returns the data, the status, the headers without cookies, the request's id and the rate limit", async () => {
    const headers = {
      "set-cookie": "session=1",
      "x-request-id": "request-1",
      "x-ratelimit-limit-default": "500",
      "x-ratelimit-remaining-default": "499",
      "x-ratelimit-reset-default": "60",
    };
    const { ada } = await client(() =>
      Response.json({ status: "success", data: { id: 5 } }, { status: 201, headers }),
    );
    const response = await ada.request<{ id: number }>({ path: "/schedules" });
    expect(response).toMatchObject({
      data: { id: 5 },
      status: 201,
      requestId: "request-1",
      rateLimit: { limit: 500, remaining: 499, resetAfterMs: 60_000 },
    });
    expect(response.headers.get("x-request-id")).toBe("request-1");
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(Object.keys(response)).toEqual(["data", "status", "headers", "requestId", "rateLimit"]);
  });

  test.each([
    ["a body without an envelope, whole", () => Response.json([1, 2]), [1, 2]],
    ["no body, as undefined", () => new Response(null, { status: 204 }), undefined],
    ["an envelope whose data is null", () => Response.json({ status: "success", data: null }), null],
  ])("reads %s", async (_, response, data) => {
    const { ada } = await client(response);
    expect((await ada.request({ path: "/x" })).data).toEqual(data);
  });

  test.each([
    ["HTML", () => new Response("<html>")],
    ["an error with status 200", () => Response.json({ status: "error", error: { message: "no" } })],
    ["a redirect", () => new Response(null, { status: 301, headers: { location: "https://evil.example/" } })],
  ])("rejects %s", async (_, response) => {
    const { ada } = await client(response);
    expect(await rejection(ada.request({ path: "/x" }))).toHaveProperty("name", "CalApiError");
  });

  test.each<[string, Partial<CalRequestInput>, number]>([
    ["GET", {}, 2],
    ["DELETE", { method: "DELETE" }, 2],
    ["POST", { method: "POST" }, 1],
    ["PATCH", { method: "PATCH" }, 1],
    ["POST that is idempotent", { method: "POST", idempotent: true }, 2],
    ["GET that is not", { idempotent: false }, 1],
  ])("after a 503, sends %s so often", async (_, input, times) => {
    const { ada, sent } = await client(unavailable, unavailable);
    expect(await rejection(ada.request({ path: "/x", ...input }))).toMatchObject({ attempts: times });
    expect(sent).toHaveLength(times);
  });

  test("a refused token is replaced, and the request is sent again whatever its method", async () => {
    const test = createTestClient();
    const { ada, adaId } = await createAda(test);
    test.emulator.users.expireAccessTokens(adaId);
    const body = { title: "Lesson", slug: "lesson", lengthInMinutes: 30 };
    const { data } = await ada.request({
      method: "POST",
      path: "/event-types",
      body,
      apiVersion: "2024-06-14",
    });
    expect(data).toMatchObject(body);
  });

  test("no secret of the request is in the error", async () => {
    const body = { nested: [{ apiKey: "key-of-mine-1" }], password: "abcd-efgh" };
    const message = "bad: key-of-mine-1 abcd-efgh stored-access-token the-client-secret code-7";
    const { ada } = await client(() => Response.json({ statusCode: 400, message }, { status: 400 }));
    const request = ada.request({ method: "POST", path: "/x", body, query: { code: "code-7" } });
    const error = (await rejection(request)) as CalApiError;
    expect(error).toMatchObject({ code: "bad_request", apiMessage: expect.stringMatching(/^bad:/) });
    expect(JSON.stringify(error)).not.toMatch(/key-of-mine|abcd-efgh|stored-access|the-client|code-7/);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  test.each<[string, unknown]>([
    ["no request", undefined],
    ["no path", {}],
    ["a path out of the base URL", { path: "/../x" }],
    ["a misspelt name", { path: "/x", quer: {} }],
    ["an unknown method", { path: "/x", method: "TRACE" }],
    ["a body of GET", { path: "/x", body: {} }],
    ["a version that is no date", { path: "/x", apiVersion: "2024-08-13\r\nx: 1" }],
    ["a query with an object", { path: "/x", query: { a: {} } }],
    ["a body that JSON can't hold", { path: "/x", method: "POST", body: cyclic }],
    ["a body that is a function", { path: "/x", method: "POST", body: () => 1 }],
    ["a body with a BigInt", { path: "/x", method: "POST", body: { a: 1n } }],
  ])("rejects %s as invalid input, and sends nothing", async (_, input) => {
    const { ada, cal, sent } = await client();
    for (const work of [ada.request(input as CalRequestInput), cal.request(input as CalRequestInput)]) {
      expect(await rejection(work)).toMatchObject({ code: "invalid_input" });
    }
    expect(sent).toEqual([]);
  });
});

describe("cal.request()", () => {
  test("sends the client's id and secret, and fills {clientId} in", async () => {
    const { cal, sent } = await client();
    await cal.request({
      path: "/oauth-clients/{clientId}/webhooks/{webhookId}",
      params: { webhookId: "w-1" },
    });
    expect(sent[0]!.url).toBe("https://api.cal.com/v2/oauth-clients/client-1/webhooks/w-1");
    expect(sent[0]!.headers.get("x-cal-secret-key")).toBe("the-client-secret");
    expect(sent[0]!.headers.has("authorization")).toBe(false);
  });

  test("needs managedUsers", async () => {
    const cal = new CalClient({ oauth: { clientId: "o" }, tokenStore: await storeOfAda() });
    expect(await rejection(cal.request({ path: "/x" }))).toMatchObject({ code: "unsupported_for_grant" });
  });
});

describe("paginate()", () => {
  const page = (data: unknown, pagination?: object) => () =>
    Response.json({ status: "success", data, ...(pagination && { pagination }) });
  async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
    const found: T[] = [];
    for await (const item of items) found.push(item);
    return found;
  }

  test("reads pages until one is not full, when it is needed", async () => {
    const { ada, sent } = await client(page([1, 2]), page([3, 4]), page([5]));
    const items = ada.paginate<number>({ path: "/x", query: { a: 1 }, pageSize: 2 });
    expect(sent).toHaveLength(0);
    expect(await all(items)).toEqual([1, 2, 3, 4, 5]);
    expect(sent.map(({ url }) => new URL(url).search)).toEqual([
      "?a=1&take=2&skip=0",
      "?a=1&take=2&skip=2",
      "?a=1&take=2&skip=4",
    ]);
  });

  test("where the response says whether there is more, that counts", async () => {
    const { ada, sent } = await client(
      page([1], { hasNextPage: true }),
      page([2, 3], { hasNextPage: false }),
    );
    expect(await all(ada.paginate({ path: "/x", pageSize: 2 }))).toEqual([1, 2, 3]);
    expect(sent).toHaveLength(2);
  });

  test("an empty page is the end, whatever the response says", async () => {
    const { ada } = await client(page([], { hasNextPage: true }));
    expect(await all(ada.paginate({ path: "/x" }))).toEqual([]);
  });

  test("a count of all items does not end the list: a full page is followed by the next one", async () => {
    const { ada } = await client(page([1, 2], { totalItems: 3 }), page([3], { totalItems: 3 }));
    expect(await all(ada.paginate({ path: "/x", pageSize: 2 }))).toEqual([1, 2, 3]);
  });

  test("an endpoint that has no pages is asked once", async () => {
    const { ada, sent } = await client(page([1, 2, 3]), page([1, 2, 3]));
    expect(await all(ada.paginate({ path: "/x", pageSize: 2 }))).toEqual([1, 2, 3]);
    expect(sent).toHaveLength(1);
  });

  test.each([undefined, { hasNextPage: true }])(
    "an endpoint that returns its first page again and again is an error, pagination %o",
    async (pagination) => {
      const same = page([{ id: 1 }, { id: 2 }], pagination);
      const { ada, sent } = await client(same, same, same);
      expect(await rejection(all(ada.paginate({ path: "/x", pageSize: 2 })))).toMatchObject({
        code: "invalid_response",
        message: expect.stringContaining("the same page twice"),
      });
      expect(sent).toHaveLength(2);
    },
  );

  test("as the platform client, with limit and offset", async () => {
    const { cal, sent } = await client(page([{ id: 1 }]));
    const users = cal.paginate({ path: "/oauth-clients/{clientId}/users", pageBy: "offset" });
    expect(await all(users)).toEqual([{ id: 1 }]);
    expect(new URL(sent[0]!.url).search).toBe("?limit=100&offset=0");
  });

  test("rejects data that is not a list, and a page size of 0", async () => {
    const { ada } = await client(page({ bookings: [] }));
    expect(await rejection(all(ada.paginate({ path: "/x" })))).toMatchObject({ code: "invalid_response" });
    expect(await rejection(all(ada.paginate({ path: "/x", pageSize: 0 })))).toMatchObject({
      code: "invalid_input",
    });
  });
});

describe("accessToken({ rejected })", () => {
  test("a token that was refused is not returned again", async () => {
    const test = createTestClient();
    const { ada, adaId } = await createAda(test);
    const { accessToken } = await ada.accessToken();
    test.emulator.users.expireAccessTokens(adaId);
    // Its expiry is 59 minutes away, so only the caller knows.
    expect((await ada.accessToken()).accessToken).toBe(accessToken);
    const next = await ada.accessToken({ rejected: accessToken });
    expect(next.accessToken).not.toBe(accessToken);
    // Of callers that had the same refused token, one refreshes.
    expect((await ada.accessToken({ rejected: accessToken })).accessToken).toBe(next.accessToken);
    expect(test.emulator.count({ path: /\/refresh$/ })).toBe(1);
  });

  test("an empty text is invalid", async () => {
    const { ada } = await client();
    expect(await rejection(ada.accessToken({ rejected: "" }))).toMatchObject({ code: "invalid_input" });
  });
});
