import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, test } from "vitest";
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

// Built and served by wrangler, with the variables from a file. Miniflare emulates Hyperdrive.
test("the Hono example works on Workers (workerd)", () =>
  walkExample(project, {
    // Work that outlives a request is the platform's: `waitUntil`.
    isLongLived: false,
    script: (port) => `dev:workers -- --ip 127.0.0.1 --port ${port} --inspector-port 0`,
    scripts,
    migrate: async (database, env) => {
      const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
      await writeFile(join(project.directory, ".env"), lines.join(""));
      await migrate(database, env);
    },
  }));
