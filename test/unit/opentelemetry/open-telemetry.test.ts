import {
  createNoopMeter,
  diag,
  SpanKind,
  SpanStatusCode,
  type Span,
  type SpanOptions,
  type Tracer,
} from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryTokenStore } from "../../../src/index.js";
import { openTelemetry, type OpenTelemetryOptions } from "../../../src/opentelemetry/index.js";
import { clientOf, createAda, createTestClient, rejection } from "../../support/client.js";
import { adaWithGoogle, createConnectionsWorld, HOUR } from "../../support/connections-world.js";
import { createTelemetry, linesOf, treesOf } from "../../support/telemetry.js";

let otel: ReturnType<typeof createTelemetry>;
beforeEach(() => void (otel = createTelemetry()));
afterEach(() => otel.end());

async function createWorld() {
  const world = createTestClient({ telemetry: otel.telemetry, retry: { limit: 1 } });
  const { ada, adaId } = await createAda(world);
  // From here on the token is in the cache.
  await ada.profile();
  otel.reset();
  return { ...world, ada, adaId };
}

test("a call is a span, its requests are below it, and both are below the span of the application", async () => {
  const { ada } = await createWorld();
  await otel.tracer.startActiveSpan("settings page", async (span) => {
    await ada.profile();
    span.end();
  });
  expect(linesOf(treesOf(otel.spans()))).toEqual(["settings page", "  calbridge GET /me", "    GET /me"]);
  const [attempt, call] = otel.spans();
  expect(attempt).toMatchObject({
    kind: SpanKind.CLIENT,
    attributes: {
      "http.request.method": "GET",
      "url.template": "/me",
      "server.address": "api.cal.example",
      "server.port": 443,
      "http.response.status_code": 200,
      "http.response.header.x-request-id": [expect.stringMatching(/./)],
      "calbridge.rate_limit.remaining": expect.any(Number),
    },
  });
  expect(call?.kind).toBe(SpanKind.INTERNAL);
  // The application can find a user's spans, and the spans don't show the id.
  expect(call?.attributes["user.hash"]).toMatch(/^[0-9a-f]{16}$/);
  expect(attempt?.attributes["user.hash"]).toBe(call?.attributes["user.hash"]);
});

test("a retry is one more span below the call, with its count, and the failed one says why it failed", async () => {
  const { ada, emulator } = await createWorld();
  emulator.inject({ path: "/me", effect: { status: 503 }, times: 1 });
  await ada.profile();
  expect(linesOf(treesOf(otel.spans()))).toEqual(["calbridge GET /me", "  GET /me", "  GET /me"]);
  const [first, second, call] = otel.spans();
  expect(first?.attributes).toMatchObject({ "http.response.status_code": 503, "error.type": "503" });
  expect(first?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(first?.attributes).not.toHaveProperty("http.request.resend_count");
  expect(second?.attributes).toMatchObject({
    "http.response.status_code": 200,
    "http.request.resend_count": 1,
  });
  expect(call?.status.code).toBe(SpanStatusCode.UNSET);
});

test("an expired token: the refresh is below the call, with its store calls and its request", async () => {
  const { ada, emulator } = await createWorld();
  emulator.clock.advance(61 * 60_000);
  await ada.calendars.list();
  expect(linesOf(treesOf(otel.spans()))).toEqual([
    "calbridge GET /calendars",
    "  calbridge store get",
    "  calbridge refresh",
    "    calbridge store acquireLease",
    "    calbridge store get",
    "    calbridge POST /oauth/{clientId}/refresh",
    "      POST /oauth/{clientId}/refresh",
    "    calbridge store set",
    "    calbridge store releaseLease",
    "  GET /calendars",
  ]);
  const refresh = otel.spans().find(({ name }) => name === "calbridge refresh");
  expect(refresh?.attributes).toMatchObject({
    "calbridge.refresh.outcome": "refreshed",
    "calbridge.refresh.background": false,
    "user.hash": expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test("two callers at once: one has the refresh below its call, the other one waits for it", async () => {
  const { ada, emulator } = await createWorld();
  emulator.clock.advance(61 * 60_000);
  await Promise.all([ada.profile(), ada.calendars.list()]);
  const trees = treesOf(otel.spans());
  expect(trees.map(({ name }) => name)).toEqual(["calbridge GET /me", "calbridge GET /calendars"]);
  const refreshes = trees.map(({ below }) => below.filter(({ name }) => name === "calbridge refresh").length);
  expect(refreshes).toEqual([1, 0]);
});

test("an error is named by its code, with nothing of its message; an error of the application's own has no name", async () => {
  const { emulator, store } = createTestClient();
  const failing = { ...memoryTokenStore(), get: () => Promise.reject(new Error("password s3cret")) };
  const cal = clientOf(emulator, store, { telemetry: otel.telemetry });
  await rejection(cal.forUser("nobody").profile());
  await rejection(clientOf(emulator, failing, { telemetry: otel.telemetry }).forUser("ada").profile());
  const [, notFound, store2, failed] = otel.spans();
  expect(notFound).toMatchObject({
    name: "calbridge GET /me",
    attributes: { "error.type": "user_not_found" },
  });
  expect(store2).toMatchObject({ name: "calbridge store get", attributes: { "error.type": "_OTHER" } });
  expect(failed).toMatchObject({ attributes: { "error.type": "store_error" }, events: [] });
  expect(otel.spans().every(({ status, events }) => !status.message && events.length === 0)).toBe(true);
});

test("a request without a response has the code of its error", async () => {
  const { ada, emulator } = await createWorld();
  emulator.inject({ path: "/me", effect: { reset: true }, times: 2 });
  await rejection(ada.profile());
  const [attempt] = otel.spans();
  expect(attempt?.attributes).toMatchObject({ "error.type": "network_error" });
  expect(attempt?.attributes).not.toHaveProperty("http.response.status_code");
});

test("metrics: durations of requests, outcomes of refreshes", async () => {
  const { ada, emulator } = await createWorld();
  emulator.clock.advance(61 * 60_000);
  await Promise.all([ada.profile(), ada.profile()]);
  const measured = await otel.measured();
  const counts = measured.filter(({ name }) => name === "calbridge.token.refreshes");
  expect(counts.map(({ attributes, value }) => [attributes["calbridge.refresh.outcome"], value])).toEqual([
    ["refreshed", 1],
    ["joined", 1],
  ]);
  const requests = measured.filter(({ name }) => name === "http.client.request.duration");
  expect(requests).toContainEqual({
    name: "http.client.request.duration",
    attributes: {
      "http.request.method": "GET",
      "url.template": "/me",
      "server.address": "api.cal.example",
      "server.port": 443,
      "http.response.status_code": 200,
    },
    value: 3,
  });
});

test("metrics: a connection that a check finds broken is counted once, when the hook has resolved", async () => {
  const world = createConnectionsWorld({ telemetry: otel.telemetry });
  const { adaId } = await adaWithGoogle(world);
  world.emulator.provider.revoke({ userId: adaId });
  await world.pass(30 * HOUR, HOUR);
  expect(world.told).toHaveLength(1);
  const changes = (await otel.measured()).filter(({ name }) => name === "calbridge.connection.changes");
  expect(changes).toEqual([
    {
      name: "calbridge.connection.changes",
      attributes: { "calbridge.provider": "google", "calbridge.connection.status": "broken" },
      value: 1,
    },
  ]);
});

test("the application gets the same errors and results as without telemetry", async () => {
  const { emulator, store } = createTestClient();
  const [plain, traced] = [
    clientOf(emulator, store),
    clientOf(emulator, store, { telemetry: otel.telemetry }),
  ];
  const input = { email: "ada@example.com", name: "Ada" };
  const ada = await traced.ensureUser("ada", input);
  expect(await ada.profile()).toEqual(await plain.forUser("ada").profile());
  const calls = [plain, traced].map((cal) => rejection(cal.managedUsers.get(4711)));
  const [without, withTelemetry] = (await Promise.all(calls)) as Error[];
  expect(withTelemetry?.constructor).toBe(without?.constructor);
  expect(withTelemetry?.message).toBe(without?.message);
});

describe("an SDK of OpenTelemetry that throws", () => {
  const fail = (): never => {
    throw new Error("processor failed");
  };
  const spans = (methods: object) => (span: Span) =>
    new Proxy(span, {
      get: (target, name) => {
        const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  /** A tracer whose spans are changed like this. */
  const tracerOf = (change: (span: Span) => Span) => {
    const startActiveSpan = (name: string, options: SpanOptions, work: (span: Span) => unknown) =>
      otel.tracer.startActiveSpan(name, options, (span) => work(change(span)));
    return { ...otel.tracer, startActiveSpan } as unknown as Tracer;
  };
  const ways: Record<string, () => OpenTelemetryOptions> = {
    "a span's end": () => ({ tracer: tracerOf(spans({ end: fail })) }),
    "a span's attributes": () => ({ tracer: tracerOf(spans({ setAttributes: fail })) }),
    "whether a span is recorded": () => ({ tracer: tracerOf(spans({ isRecording: fail })) }),
    "a span's start": () => ({ tracer: tracerOf(fail) }),
    "after the work has begun": () => ({
      tracer: {
        ...otel.tracer,
        startActiveSpan: (name: string, options: SpanOptions, work: (span: Span) => unknown) => {
          void otel.tracer.startActiveSpan(name, options, work);
          fail();
        },
      } as Tracer,
    }),
    "work begun twice": () => ({
      tracer: {
        ...otel.tracer,
        startActiveSpan: (name: string, options: SpanOptions, work: (span: Span) => unknown) =>
          [1, 2].map(() => otel.tracer.startActiveSpan(name, options, work))[0],
      } as Tracer,
    }),
    "a counter": () => ({
      tracer: otel.tracer,
      meter: { ...createNoopMeter(), createCounter: () => ({ add: fail }) },
    }),
    "the meter": () => ({ tracer: otel.tracer, meter: { ...createNoopMeter(), createHistogram: fail } }),
  };

  test.each(Object.entries(ways))("%s: calls succeed, and issued tokens are stored", async (way, options) => {
    const errors: string[] = [];
    const ignore = () => undefined;
    const others = { warn: ignore, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger({ ...others, error: (message) => errors.push(message) });
    const world = createTestClient({ telemetry: openTelemetry(options()) });
    const { ada } = await createAda(world);
    world.emulator.clock.advance(61 * 60_000);
    const { accessToken } = await ada.accessToken();
    expect((await world.store.get("ada"))?.calAccessToken).toBe(accessToken);
    expect(world.emulator.count({ path: /\/refresh$/ })).toBe(1);
    expect(await ada.profile()).toMatchObject({ email: expect.any(String) });
    // The application's own errors are not the tracer's.
    const error = await rejection(world.cal.managedUsers.get(4711));
    expect(error).toMatchObject({ status: 404 });
    diag.disable();
    if (way !== "work begun twice") expect(errors).not.toEqual([]);
  });
});

test("refuses a telemetry that openTelemetry() has not made", async () => {
  expect(await rejection(() => createTestClient({ telemetry: {} as never }))).toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("openTelemetry()"),
  });
});

test("a check of a user's connections is a span, with its store calls and requests below it", async () => {
  const world = createConnectionsWorld({ telemetry: otel.telemetry });
  await adaWithGoogle(world);
  world.emulator.clock.advance(30 * HOUR);
  otel.reset();
  await world.run();
  const lines = linesOf(treesOf(otel.spans()));
  expect(lines).toContain("calbridge connection store claimDue");
  const isOfTokens = (line: string) => /calbridge (store|refresh)|refresh$/.test(line);
  expect(lines.filter((line) => !isOfTokens(line) && !line.endsWith("claimDue"))).toEqual([
    "calbridge connection check",
    "  calbridge GET /calendars",
    "    GET /calendars",
    "  calbridge GET /calendars/{calendar}/check",
    "    GET /calendars/{calendar}/check",
    "  calbridge connection store set",
  ]);
  const check = otel.spans().find(({ name }) => name === "calbridge connection check");
  expect(check?.attributes["user.hash"]).toMatch(/^[0-9a-f]{16}$/);
});
