import { renderMermaidSVG } from "beautiful-mermaid";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  Application,
  CommentTag,
  Converter,
  PackageJsonReader,
  ReflectionKind,
  StructureRouter,
  TSConfigReader,
  TypeDocReader,
  type DocumentReflection,
  type RouterTarget,
} from "typedoc";
import { brokenLinks } from "./links.js";

// Where each guide goes: `guides/stores.html` is docs/stores.md.
const guides = new Map<unknown, string>();

class GuideRouter extends StructureRouter {
  protected override getIdealBaseName(target: Parameters<StructureRouter["getIdealBaseName"]>[0]): string {
    return guides.get(target satisfies RouterTarget) ?? super.getIdealBaseName(target);
  }
}

/** A page's title is its first heading, so that pages need no front matter, which GitHub would show. */
function nameGuide(page: DocumentReflection): void {
  const file = page.project.files.getReflectionPath(page) ?? "";
  const [, heading] = /^# (.+)$/m.exec(readFileSync(file, "utf8")) ?? [];
  if (heading === undefined) throw new Error(`${file} has no heading.`);
  page.name = heading.replaceAll("`", "");
  page.frontmatter["group"] = "Guides";
  const name = basename(file, ".md").toLowerCase();
  guides.set(page, `guides/${name === "readme" ? "index" : name}`);
}

/** Diagrams, which GitHub draws by itself, are drawn into the page, in the colours of the site. */
function drawDiagrams(page: DocumentReflection): void {
  for (const part of page.content) {
    const [, diagram] = part.kind === "code" ? (/^```mermaid\n([\s\S]*)```$/.exec(part.text) ?? []) : [];
    if (diagram === undefined) continue;
    const svg = renderMermaidSVG(diagram, {
      bg: "var(--color-background)",
      fg: "var(--color-text)",
      muted: "var(--color-text-aside)",
    });
    // Without the font from elsewhere, and without the empty lines at which Markdown would take it for prose.
    const drawn = svg.replace(/@import url\('[^']*'\);/, "").replaceAll(/\n\s*(?=\n)/g, "");
    Object.assign(part, { kind: "text", text: `<div class="diagram">\n${drawn}\n</div>` });
  }
}

/**
 * `npm run docs`: guides and API reference as one site, in `docs/site/dist`. Fails if one of its links leads nowhere, or if
 * it would fetch something from elsewhere.
 */
async function build(): Promise<boolean> {
  const app = await Application.bootstrapWithPlugins({}, [
    new TypeDocReader(),
    new PackageJsonReader(),
    new TSConfigReader(),
  ]);
  app.renderer.defineRouter("guides", GuideRouter);
  app.options.setValue("router", "guides");
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context: unknown, page: DocumentReflection) => {
    nameGuide(page);
    drawDiagrams(page);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const title = new CommentTag("@group", [{ kind: "text", text: "API reference" }]);
    for (const { comment } of project.getReflectionsByKind(ReflectionKind.Module))
      comment?.blockTags.push(title);
  });
  const isFine = (): boolean => !app.logger.hasErrors() && !app.logger.hasWarnings();

  const project = await app.convert();
  if (!project) return false;
  app.validate(project);
  if (!isFine()) return false;
  await app.generateOutputs(project);
  if (!isFine()) return false;

  const { pages, broken } = brokenLinks(app.options.getValue("out"));
  for (const link of broken) console.error(link);
  console.log(`${pages} pages; ${broken.length === 0 ? "every link leads somewhere" : "links are broken"}.`);
  return broken.length === 0;
}

process.exitCode = (await build()) ? 0 : 1;
