import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { schemaStatements } from "../../../src/stores/sqlite/schema.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { root } from "../../support/markdown.js";
import { platformVariables, servePlatform } from "../../support/platform-server.js";
import { createProject } from "../../support/project.js";
import { walk } from "../../support/walk.js";
import { bundleForWorkers, startWorker, type Miniflare } from "./tools.js";

/** What this test reads from Miniflare's D1. */
interface Database {
  prepare(sql: string): { run(): Promise<unknown>; all(): Promise<{ results: Record<string, unknown>[] }> };
}

// The recipe of docs/serverless.md, in workerd, with a D1 database.
test("Cloudflare Workers with D1: requests walk through the whole flow, and tokens are stored encrypted", async () => {
  const project = await createProject();
  const emulator = createCalEmulator();
  const cal = await emulator.listen();
  let worker: Miniflare | undefined;
  const { origin, close } = await servePlatform(async (incoming, body, appOrigin) => {
    const response = await worker!.dispatchFetch(appOrigin + (incoming.url ?? ""), {
      method: incoming.method ?? "GET",
      headers: incoming.headers as Record<string, string>,
      redirect: "manual",
      ...(incoming.method === "POST" && { body }),
    });
    // Miniflare's Response is another class than this process's.
    const hasBody = ![204, 304].includes(response.status);
    return new Response(hasBody ? await response.text() : null, {
      status: response.status,
      headers: [...response.headers],
    });
  });
  try {
    await cp(join(root, "examples/serverless"), join(project.directory, "program"), { recursive: true });
    worker = startWorker({
      modules: await bundleForWorkers(project, "cloudflare.ts", {}),
      bindings: platformVariables(emulator, cal.url, origin),
      d1Databases: ["DB"],
    });
    const database = (await worker.getD1Database("DB")) as Database;
    for (const statement of schemaStatements({})) await database.prepare(statement).run();
    await walk({ origin, emulator, page: "/settings" });
    const { results } = await database.prepare('SELECT "calAccessToken" FROM "CalendarIntegration"').all();
    expect(results).toEqual([{ calAccessToken: expect.stringMatching(/^eyJhbGciOiJkaXIi/) }]);
  } finally {
    await close();
    await worker?.dispose();
    await cal.close();
    await project.remove();
  }
});
