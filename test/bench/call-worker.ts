import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Calbridge from "../../src/index.js";
import type { Telemetry } from "../../src/index.js";
import type * as OpenTelemetry from "../../src/opentelemetry/index.js";
import { dist } from "./report.js";

// Lists a user's calendars in one way, as often as requested, one call after the other.
const [way = "", origin = "", accessToken = ""] = process.argv.slice(2);

type Call = () => Promise<unknown>;

/** Written by hand with fetch, without any error handling. */
function byFetch(): Call {
  const headers = { authorization: `Bearer ${accessToken}` };
  return async () => JSON.parse(await (await fetch(`${origin}/v2/calendars`, { headers })).text()) as unknown;
}

async function byKy(): Promise<Call> {
  const { default: ky } = await import("ky");
  const api = ky.create({ prefixUrl: `${origin}/v2`, headers: { authorization: `Bearer ${accessToken}` } });
  return () => api.get("calendars").json();
}

/** Cal.com's own client has no calendars, so this sends another GET with the same response. */
function bySdk(): Call {
  const { Cal } = createRequire(import.meta.url)("@calcom/sdk") as {
    Cal: new (clientId: string, auth: object, options: object) => { schedules: { getSchedules: Call } };
  };
  const sdk = new Cal("bench", { accessToken, refreshToken: "r", clientSecret: "s" }, { baseUrl: origin });
  return () => sdk.schedules.getSchedules();
}

async function load<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(join(dist, file)).href)) as T;
}

/** Whose token it is: the client compares it with the row. */
function ownerOf(token: string): number {
  const [, payload = ""] = token.split(".");
  return (JSON.parse(Buffer.from(payload, "base64url").toString()) as { ownerId: number }).ownerId;
}

async function byCalbridge(telemetry?: Telemetry): Promise<Call> {
  const { CalClient, memoryTokenStore } = await load<typeof Calbridge>("index.js");
  const tokenStore = memoryTokenStore();
  const tokens = {
    calAccessToken: accessToken,
    calAccessTokenExpiresAt: new Date(Date.now() + 3_600_000),
    calRefreshToken: "r",
    calRefreshTokenExpiresAt: null,
  };
  await tokenStore.set(
    { userId: "ada", calUserId: ownerOf(accessToken), calServer: "", details: null, ...tokens },
    { ifVersion: null },
  );
  const cal = new CalClient({
    managedUsers: { clientId: "bench", clientSecret: "s" },
    baseUrl: `${origin}/v2`,
    tokenStore,
    // An earlier build may not know the option.
    ...(telemetry && { telemetry }),
  });
  const ada = cal.forUser("ada");
  return () => ada.calendars.list();
}

/** With an SDK that records every span, and exports none. */
async function withTelemetry(): Promise<Call> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const nothing = () => undefined;
  const done = () => Promise.resolve();
  const processor: SpanProcessor = { onStart: nothing, onEnd: nothing, forceFlush: done, shutdown: done };
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const { openTelemetry } = await load<typeof OpenTelemetry>("opentelemetry.js");
  return byCalbridge(openTelemetry({ tracer: provider.getTracer("bench") }));
}

const ways: Record<string, () => Call | Promise<Call>> = {
  fetch: byFetch,
  ky: byKy,
  "@calcom/sdk": bySdk,
  calbridge: () => byCalbridge(),
  telemetry: withTelemetry,
};
const call = await ways[way]?.();
if (!call) throw new Error(`Unknown way: ${way}`);

/** The time of one call, in microseconds. */
export interface CallCost {
  cpu: number;
  wall: number;
}

process.on("message", (calls: number) => {
  void (async () => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    for (let n = 0; n < calls; n += 1) await call();
    const wall = ((performance.now() - startedAt) * 1000) / calls;
    const { user, system } = process.cpuUsage(cpu);
    process.send?.({ cpu: (user + system) / calls, wall } satisfies CallCost);
  })();
});
process.send?.("ready");
