import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
import { applyScript } from "../../support/tables.js";
import type { TestDatabase } from "../../support/postgres.js";
import { installExample, type ExampleProject } from "./project.js";
import { walkExample, walkExampleWithOwnAccounts } from "./walk-example.js";

const routes = [
  ["calendars/oauth-connect-url", "GET", "oauthConnectUrl"],
  ["gcal-oauth-redirect", "GET", "googleOauthRedirect"],
  ["office-oauth-redirect", "GET", "officeOauthRedirect"],
  ["calendars/status", "GET", "status"],
  ["calendars/sync-credentials", "POST", "syncCredentials"],
  ["calendars/disconnect", "POST", "disconnect"],
  ["refresh", "GET", "refresh"],
  ["oauth/authorize-url", "GET", "oauthAuthorizeUrl"],
  ["oauth/callback", "GET POST", "oauthCallback"],
  ["oauth/unlink", "POST", "oauthUnlink"],
] as const;

let project: ExampleProject;
beforeAll(async () => {
  project = await installExample("nextjs");
  await addRouteFiles(project.directory);
  await project.run("npm run build");
});
afterAll(() => project.remove());

/** Adds a file for each route under another path, besides the example's catch-all route. */
async function addRouteFiles(directory: string): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  };
  const calendar = await readFile(join(directory, "lib/calendar.ts"), "utf8");
  const copy = calendar.replace('successUrl: "/settings"', 'successUrl: "/settings", basePath: "/each/cal"');
  await write("lib/each.ts", copy);
  for (const [path, methods, name] of routes) {
    // Without `connection()`, `next build` would call the GET routes, and it has no secrets.
    const text = `import { connection } from "next/server";
import { calendar } from "@/lib/each";
${methods
  .split(" ")
  .map(
    (method) => `
export async function ${method}(request: Request) {
  await connection();
  return calendar().${name}(request);
}
`,
  )
  .join("")}`;
    await write(`app/each/cal/${path}/route.ts`, text);
  }
}

// Applies the migrations as `prisma migrate deploy` does, which would download an engine first.
async function migrate({ pool }: TestDatabase): Promise<void> {
  const client = await pool.connect();
  for (const migration of ["20260101000000_init", "20260101000001_calbridge"]) {
    const path = join(project.directory, "prisma/migrations", migration, "migration.sql");
    await client.query("BEGIN");
    await applyScript(client, await readFile(path, "utf8"));
    await client.query("COMMIT");
  }
  client.release();
}

const start = (port: string): string => `start -- -H 127.0.0.1 -p ${port}`;

test("the Next.js example with Prisma works with one catch-all route", () =>
  walkExample(project, { script: start, migrate, isRendered: true }));

test("the Next.js example with Prisma works with a file for each route", () =>
  walkExample(project, { script: start, migrate, basePath: "/each/cal" }));

test.each(["/api/cal", "/each/cal"])(
  "the Next.js example serves users' own Cal.com accounts by its environment alone, with the routes at %s",
  (basePath) => walkExampleWithOwnAccounts(project, { script: start, migrate, basePath }),
);
