import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { brokenLinks } from "../../../docs/site/links.js";
import { readPages, root } from "../../support/markdown.js";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";

/** GitHub's anchors of a page's headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

const links = readPages().flatMap(({ path, text }) => {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|<(https?:[^>\s]+)>/g)];
  return targets.map(([, target, bare]) => ({ path, target: target ?? bare ?? "" }));
});
const isExternal = (target: string): boolean => /^[a-z]+:/.test(target);

test("every link between pages leads to a page and a heading that exist", () => {
  const broken = links
    .filter(({ target }) => !isExternal(target))
    .filter(({ path, target }) => {
      const [file = "", anchor] = target.split("#");
      const there = file === "" ? join(root, path) : join(root, dirname(path), file);
      return (
        !existsSync(there) ||
        (anchor !== undefined && !anchorsOf(readFileSync(there, "utf8")).includes(anchor))
      );
    });
  expect(links.length).toBeGreaterThan(60);
  expect(broken).toEqual([]);
});

test("in the package, a page links to other pages of the package, or to what is said to be in the repository", () => {
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  expect(files).toContain("docs/*.md");
  const isPacked = (path: string): boolean =>
    ["README.md", "CHANGELOG.md", "LICENSE"].includes(path) || /^docs\/[\w-]+\.md$/.test(path);
  const leaving = links
    .filter(({ path, target }) => isPacked(path) && !isExternal(target) && !target.startsWith("#"))
    .map(({ path, target }) => ({ path, to: join(dirname(path), target.replace(/#.*/, "")) }))
    .filter(({ to }) => !isPacked(to));
  expect(leaving.filter(({ to }) => !/^(examples\/.+|CONTRIBUTING\.md$)/.test(to))).toEqual([]);
});

test("links to other sites are https, and to hosts that were reviewed", () => {
  const hosts = [
    "app.cal.com",
    "cal.com",
    "changie.dev",
    "developers.google.com",
    "docs.npmjs.com",
    "expressjs.com",
    "fastify.dev",
    "github.com",
    "hono.dev",
    "keepachangelog.com",
    "learn.microsoft.com",
    "nextjs.org",
    "node-postgres.com",
    "orm.drizzle.team",
    "owasp.org",
    "partnermarketinghub.withgoogle.com",
    "semver.org",
    "opentelemetry.io",
    "vitest.dev",
    "www.apple.com",
    "www.microsoft.com",
    "www.prisma.io",
    "www.rfc-editor.org",
  ];
  const unknown = links.filter(({ target }) => {
    if (!isExternal(target)) return false;
    const { protocol, hostname } = new URL(target);
    return hostname !== "localhost" && !(protocol === "https:" && hosts.includes(hostname));
  });
  expect(unknown, "review the link, then add its host here").toEqual([]);
});

test("every guide is in the list of guides and on the site, in the same order", () => {
  const overview = readFileSync(join(root, "docs/README.md"), "utf8");
  const { projectDocuments } = JSON.parse(readFileSync(join(root, "typedoc.json"), "utf8")) as {
    projectDocuments: string[];
  };
  const listed = [...overview.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, file = ""]) => `docs/${file}`);
  const guides = readPages().filter(({ path }) => path.startsWith("docs/") && path !== "docs/README.md");
  expect([...new Set(listed)].sort()).toEqual(guides.map(({ path }) => path).sort());
  expect(projectDocuments.filter((path) => listed.includes(path))).toEqual(listed);
});

test("the check of the built site finds broken links, and anything loaded from another site", async () => {
  const site = await mkdtemp(join(tmpdir(), "calbridge-site-"));
  await mkdir(join(site, "guides"));
  const page = `<h1 id="top">A</h1><a href="guides/b.html#there">b</a><a href="https://cal.com">out</a>`;
  await writeFile(join(site, "index.html"), page);
  await writeFile(join(site, "guides/b.html"), `<h2 id="there">B</h2><a href="../index.html#top">a</a>`);
  expect(brokenLinks(site)).toEqual({ pages: 2, broken: [] });

  const wrong = `<a href="guides/c.html">c</a><a href="guides/b.html#not">b</a><a class="x" href="#nor">a</a>
    <a href="notes.md">raw</a><script src="https://cdn.example/x.js"></script>
    <style>@import url('https://fonts.example/a.css');</style>`;
  await writeFile(join(site, "index.html"), wrong);
  await writeFile(join(site, "notes.md"), "");
  await writeFile(join(site, "style.css"), "@import url(https://fonts.example/a.css);");
  const { broken } = brokenLinks(site);
  expect(broken).toHaveLength(8);
  expect(broken.join("\n")).toContain("guides/b.html#not: there is no such heading");
  await rm(site, { recursive: true });
});
