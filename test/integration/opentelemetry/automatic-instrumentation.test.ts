import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchInstrumentation } from "../../../examples/fetch-spans-without-query.js";
import { CalClient, memoryTokenStore, type Telemetry } from "../../../src/index.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { createTelemetry } from "../../support/telemetry.js";
import { useRealFetch } from "../network/real-fetch.js";

useRealFetch();

let otel: ReturnType<typeof createTelemetry>;
let instrumentation: UndiciInstrumentation;
beforeEach(() => {
  otel = createTelemetry();
  instrumentation = new UndiciInstrumentation();
  instrumentation.setTracerProvider(otel.provider);
  instrumentation.enable();
});
afterEach(async () => {
  instrumentation.disable();
  await otel.end();
});

/** Connects a calendar through a callback of the application's own. Returns the token that the URL of `save` carries. */
async function connect(telemetry: Telemetry | undefined): Promise<string> {
  const emulator = createCalEmulator();
  const server = await emulator.listen();
  const cal = new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: server.url,
    tokenStore: memoryTokenStore(),
    telemetry,
  });
  const ada = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
  const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
  // The consent page is the emulator's: not over the network.
  const { code, state } = await emulator.provider.authorize(authUrl, { stopBeforeCallback: true });
  await ada.calendars.save("google", { code: code!, state: state! });
  const { accessToken } = await ada.accessToken();
  await server.close();
  return accessToken;
}

const textOf = (spans: ReadableSpan[]): string =>
  decodeURIComponent(JSON.stringify(spans.map(({ name, attributes }) => ({ name, attributes }))));

const automatic = (): ReadableSpan[] =>
  otel.spans().filter(({ instrumentationScope: { name } }) => name.includes("undici"));

test("without calbridge/opentelemetry, automatic instrumentation records a user's token", async () => {
  const token = await connect(undefined);
  expect(automatic().length).toBeGreaterThan(2);
  expect(textOf(automatic())).toContain(token);
});

test("with calbridge/opentelemetry it records none of calbridge's requests, and no token is in a span", async () => {
  const token = await connect(otel.telemetry);
  expect(automatic()).toEqual([]);
  expect(otel.spans().map(({ name }) => name)).toContain("GET /calendars/{calendar}/save");
  expect(textOf(otel.spans())).not.toContain(token);
});

test("the application's other requests are recorded as before", async () => {
  const server = await createCalEmulator().listen();
  await otel.tracer.startActiveSpan("page", async (span) => {
    await fetch(`${server.url}/me`);
    span.end();
  });
  await server.close();
  expect(automatic()).toHaveLength(1);
});

test("the recipe of the guide hides the URL where calbridge/opentelemetry is not used", async () => {
  instrumentation.disable();
  fetchInstrumentation.setTracerProvider(otel.provider);
  fetchInstrumentation.enable();
  const token = await connect(undefined);
  fetchInstrumentation.disable();
  expect(automatic().length).toBeGreaterThan(2);
  expect(textOf(automatic())).toContain("/v2/calendars/google/save");
  expect(textOf(automatic())).not.toContain(token);
});
