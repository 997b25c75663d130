import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLibsql } from "../../support/sqlite.js";
import { installExample, type ExampleProject } from "./project.js";
import { walkExample } from "./walk-example.js";

let project: ExampleProject;
beforeAll(async () => {
  project = await installExample("hono");
  await project.run("npm run build");
});
afterAll(() => project.remove());

// The page's script, bundled with calbridge/browser.
const scripts = ["/settings.js"];

const migrate = (_database: unknown, env: Record<string, string>) => project.run("node dist/migrate.js", env);

test("the Hono example works on Node", () =>
  walkExample(project, { script: "start:node", migrate, scripts }));

test("the Hono example works on Bun", () => walkExample(project, { script: "start:bun", migrate, scripts }));

// Built and served by wrangler, with the variables from a file. Miniflare has the D1 database.
test("the Hono example works on Workers (workerd)", () =>
  walkExample(project, {
    // Work that outlives a request is the platform's: `waitUntil`.
    isLongLived: false,
    script: (port) => `dev:workers -- --ip 127.0.0.1 --port ${port} --inspector-port 0`,
    scripts,
    migrate: async (_database, env) => {
      const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
      await writeFile(join(project.directory, ".env"), lines.join(""));
      await project.run("npm run migrate:workers");
    },
    readRows: async () => {
      // Where wrangler keeps the database.
      const folder = join(project.directory, ".wrangler/state/v3/d1/miniflare-D1DatabaseObject");
      const files = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
      expect(files).toHaveLength(1);
      const database = openLibsql(join(folder, files[0]!));
      const { rows } = await database.execute('SELECT * FROM "CalendarIntegration"');
      database.close();
      return rows as unknown as Record<string, string>[];
    },
  }));
