import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { readFields, readParameters } from "../../../../src/handlers/http/request.js";
import { createApp, createBrowser, endOf, ORIGIN } from "../../../support/handlers-app.js";

const post = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request(ORIGIN, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });

describe("a body that was read before it reached the handlers", () => {
  const advice = expect.stringMatching(/was read before.*Mount them before the middleware/) as string;

  test.each<[string, (request: Request) => unknown]>([
    ["as text", (request) => request.text()],
    ["as JSON", (request) => request.json()],
    ["in part, by a reader that has it still", (request) => request.body!.getReader().read()],
    ["by a reader that has read nothing yet", (request) => request.body!.getReader()],
  ])("%s: 400, and what to do", async (_, read) => {
    const request = post('{"calendarType":"google"}');
    await read(request);
    await expect(readFields(request, 1_000)).rejects.toMatchObject({ status: 400, message: advice });
  });

  test("a middleware of Hono's has read it: JSON with a code, and nothing is reported as our error", async () => {
    const errors: unknown[] = [];
    const app = createApp({ handlers: { onError: ({ error }) => void errors.push(error) } });
    const hono = new Hono()
      .use(async (context, next) => {
        await context.req.json();
        await next();
      })
      .all("/api/cal/*", (context) => app.handlers.handle(context.req.raw));
    const ada = createBrowser((request) => Promise.resolve(hono.fetch(request))).signIn("ada");
    const response = await ada.post("/calendars/sync-credentials", { calendarType: "google" });
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatchObject({ code: "invalid_input", message: advice });
    expect(errors).toEqual([]);
  });

  test("a middleware has read a clone of it: it works", async () => {
    const request = post('{"a":1}');
    await request.clone().text();
    expect(await readFields(request, 1_000)).toEqual({ a: 1 });
  });
});

describe("parameters", () => {
  test("are those of the query of a GET, and of the body of a POST", async () => {
    const get = await readParameters(new Request(`${ORIGIN}/?type=google`), 1_000);
    expect([get("type"), get("returnUrl")]).toEqual(["google", undefined]);
    const body = await readParameters(post('{"type":"google","returnUrl":null}'), 1_000);
    expect([body("type"), body("returnUrl")]).toEqual(["google", undefined]);
  });

  test("connect by POST: the same link, checked for other sites and forms as the other POST routes are", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const response = await ada.post("/calendars/oauth-connect-url", {
      type: "google",
      returnUrl: "/settings",
    });
    expect(response.status).toBe(200);
    const { authUrl } = ((await response.json()) as { data: { authUrl: string } }).data;
    const back = await ada.visit((await app.emulator.provider.authorize(authUrl)).redirectTo);
    expect(endOf(back)).toMatchObject({ page: "/settings", connected: "true" });

    for (const body of [
      {},
      { type: "apple" },
      { type: ["google"] },
      { type: "google", returnUrl: "//evil.example" },
    ]) {
      expect((await ada.post("/calendars/oauth-connect-url", body)).status).toBe(400);
    }
    // The query of a POST is not read: two readers of the request could use different values.
    const mixed = await ada.post("/calendars/oauth-connect-url?type=google", {});
    expect(mixed.status).toBe(400);
  });
});
