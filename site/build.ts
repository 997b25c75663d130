import { readFileSync } from "node:fs";
import { Application, Converter, PackageJsonReader, TSConfigReader, TypeDocReader } from "typedoc";
import type { DocumentReflection } from "typedoc";
import { brokenLinks } from "./links.js";

/**
 * `npm run docs`: guides and API reference as one site, in `site/dist`. A page's title is its first heading,
 * so that pages need no front matter, which GitHub would show. Fails if a link of the site leads nowhere.
 */
async function build(): Promise<boolean> {
  const app = await Application.bootstrapWithPlugins({}, [
    new TypeDocReader(),
    new PackageJsonReader(),
    new TSConfigReader(),
  ]);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context: unknown, page: DocumentReflection) => {
    const file = page.project.files.getReflectionPath(page);
    const [, heading] = /^# (.+)$/m.exec(readFileSync(file ?? "", "utf8")) ?? [];
    if (heading === undefined) throw new Error(`${String(file)} has no heading.`);
    page.name = heading.replaceAll("`", "");
    page.frontmatter["group"] = "Guides";
  });

  const project = await app.convert();
  if (!project) return false;
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return false;
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return false;

  const { pages, broken } = brokenLinks(app.options.getValue("out"));
  for (const link of broken) console.error(link);
  console.log(`${pages} pages; ${broken.length === 0 ? "every link leads somewhere" : "links are broken"}.`);
  return broken.length === 0;
}

process.exitCode = (await build()) ? 0 : 1;
