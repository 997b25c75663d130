import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Follows every link, picture, script and stylesheet of a built site; answers those that lead nowhere, or abroad. */
export function brokenLinks(site: string): { pages: number; broken: string[] } {
  const files = readdirSync(site, { recursive: true, encoding: "utf8" });
  const pages = files.filter((file) => file.endsWith(".html"));
  const idsOf = new Map(pages.map((page) => [join(site, page), ids(readFileSync(join(site, page), "utf8"))]));
  const broken: string[] = [];
  for (const page of pages) {
    const path = join(site, page);
    const html = readFileSync(path, "utf8");
    for (const { kind, target } of references(html)) {
      const problem = problemOf(path, kind, target, idsOf);
      if (problem !== undefined) broken.push(`${relative(site, path)}: ${target}: ${problem}`);
    }
    for (const style of html.match(/<style[\s\S]*?<\/style>/g) ?? []) {
      if (/(?:url\(|@import)[^;)]*https?:/.test(style))
        broken.push(`${page}: a style fetches from elsewhere`);
    }
  }
  // A stylesheet could fetch fonts and pictures.
  for (const file of files.filter((name) => name.endsWith(".css"))) {
    for (const [, url = ""] of readFileSync(join(site, file), "utf8").matchAll(
      /(?:url\(|@import\s)["']?([^"')]+)/g,
    )) {
      if (!url.startsWith("data:")) broken.push(`${file}: ${url}: a stylesheet fetches nothing`);
    }
  }
  return { pages: pages.length, broken };
}

function problemOf(
  page: string,
  kind: "link" | "fetched",
  target: string,
  idsOf: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  if (/^(https?:)?\/\//.test(target))
    return kind === "fetched" ? "the site fetches nothing from elsewhere" : undefined;
  if (target.startsWith("data:")) return undefined;
  const [path = "", anchor = ""] = target.split("#");
  let there = path === "" ? page : join(dirname(page), decodeURIComponent(path));
  if (existsSync(there) && statSync(there).isDirectory()) there = join(there, "index.html");
  if (!existsSync(there)) return "there is no such file";
  if (there.endsWith(".md")) return "a page that was not built";
  const known = idsOf.get(there);
  if (anchor !== "" && known && !known.has(decodeURIComponent(anchor))) return "there is no such heading";
  return undefined;
}

const unescape = (text: string): string => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"');

function ids(html: string): Set<string> {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id = ""]) => unescape(id)));
}

function references(html: string): { kind: "link" | "fetched"; target: string }[] {
  return [...html.matchAll(/<(\w+)\s[^>]*?\b(?:href|src)="([^"]*)"/g)].map(([, tag = "", target = ""]) => ({
    kind: tag === "a" ? "link" : "fetched",
    target: unescape(target),
  }));
}
