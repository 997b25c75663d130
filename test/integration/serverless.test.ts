import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createSchema } from "../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { createDatabase, type TestDatabase } from "../support/postgres.js";
import {
  platformVariables,
  servePlatform,
  webRequest,
  type PlatformHandle,
} from "../support/platform-server.js";
import { dropTables } from "../support/tables.js";
import { walk } from "../support/walk.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  vi.resetModules();
  await dropTables(database.pool);
  await createSchema(database.pool);
});
afterEach(() => void vi.unstubAllEnvs());

/** The whole flow, through a platform that calls the function as the real one does. */
async function walkThrough(
  load: (variables: Record<string, string>) => Promise<PlatformHandle>,
): Promise<void> {
  const emulator = createCalEmulator();
  const cal = await emulator.listen();
  let handle: PlatformHandle | undefined;
  const { origin, close } = await servePlatform((...request) => handle!(...request));
  try {
    handle = await load({
      ...platformVariables(emulator, cal.url, origin),
      DATABASE_URL: database.url,
    });
    await walk({ origin, emulator, page: "/settings" });
    const { rows } = await database.pool.query('SELECT "calAccessToken" FROM "CalendarIntegration"');
    expect(rows).toHaveLength(1);
    for (const row of rows as { calAccessToken: string }[])
      expect(row.calAccessToken).toMatch(/^eyJhbGciOiJkaXIi/);
  } finally {
    await close();
    await cal.close();
  }
}

test("AWS Lambda: events of a function URL walk through the whole flow", async () => {
  await walkThrough(async (variables) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const { handler } = await import("../../examples/serverless/lambda.js");
    return async (incoming, body) => {
      const { pathname, search } = new URL(incoming.url ?? "", "https://x");
      const { cookie, ...headers } = incoming.headers as Record<string, string>;
      // As Lambda documents the payload, version 2.0.
      const event = {
        version: "2.0",
        routeKey: "$default",
        rawPath: pathname,
        rawQueryString: search.slice(1),
        headers,
        ...(cookie !== undefined && { cookies: cookie.split("; ") }),
        requestContext: {
          accountId: "anonymous",
          apiId: "abcdefgh",
          domainName: "abcdefgh.lambda-url.eu-west-1.on.aws",
          http: {
            method: incoming.method ?? "GET",
            path: pathname,
            protocol: "HTTP/1.1",
            sourceIp: "192.0.2.1",
            userAgent: "test",
          },
          requestId: "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
          routeKey: "$default",
          stage: "$default",
          time: "12/Mar/2027:19:03:58 +0000",
          timeEpoch: 1583348638390,
        },
        ...(body !== "" && { body: Buffer.from(body).toString("base64") }),
        isBase64Encoded: body !== "",
      };
      const { statusCode, cookies, ...result } = await handler(
        JSON.parse(JSON.stringify(event)) as typeof event,
      );
      const responseHeaders = new Headers(result.headers);
      for (const each of cookies) responseHeaders.append("set-cookie", each);
      return new Response(result.body === "" ? null : result.body, {
        status: statusCode,
        headers: responseHeaders,
      });
    };
  });
});

test("Vercel: requests walk through the whole flow, and work goes on with waitUntil", async () => {
  const work: Promise<unknown>[] = [];
  await walkThrough(async (variables) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const { createCalendarRoutes } = await import("../../examples/serverless/vercel.js");
    const { handle } = createCalendarRoutes((promise) => void work.push(promise));
    return (...request) => handle(webRequest(...request));
  });
  expect(work.length).toBeGreaterThan(0);
  await Promise.all(work);
});

// Without Postgres, on D1 and in workerd: test/e2e/runtimes/cloudflare.test.ts.
test("Cloudflare with Hyperdrive: requests walk through the whole flow, and each one's connections end", async () => {
  const work: Promise<unknown>[] = [];
  let requests = 0;
  await walkThrough(async ({ DATABASE_URL = "", ...variables }) => {
    const { default: worker } = await import("../../examples/serverless/cloudflare-hyperdrive.js");
    const env = { ...variables, HYPERDRIVE: { connectionString: DATABASE_URL } };
    const context = { waitUntil: (promise: Promise<unknown>) => void work.push(promise) };
    return (...request) => {
      requests += 1;
      return worker.fetch(webRequest(...request), env, context);
    };
  });
  expect(work.length).toBeGreaterThanOrEqual(requests);
  await Promise.all(work);
  const { rows } = await database.pool.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'postgres.js'",
  );
  expect(rows).toEqual([{ n: 0 }]);
});
