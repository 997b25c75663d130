import { afterAll, beforeAll, test } from "vitest";
import { installExample, type ExampleProject } from "./project.js";
import { walkExample } from "./walk-example.js";

let project: ExampleProject;
beforeAll(async () => {
  project = await installExample("express");
  await project.run("npm run build");
});
afterAll(() => project.remove());

test("the Express example works: connect, status, sync, disconnect", () =>
  walkExample(project, { script: "start", scripts: ["/calbridge/browser.js"] }));
