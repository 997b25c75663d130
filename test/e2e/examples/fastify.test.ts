import { afterAll, beforeAll, test } from "vitest";
import { installExample, type ExampleProject } from "./project.js";
import { walkExample } from "./walk-example.js";

let project: ExampleProject;
beforeAll(async () => {
  project = await installExample("fastify");
  await project.run("npm run build");
});
afterAll(() => project.remove());

test("the Fastify example with Drizzle works: connect, status, sync, disconnect", () =>
  walkExample(project, {
    script: "start",
    migrate: (_database, env) => project.run("npm run migrate", env),
  }));
