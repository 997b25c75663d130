import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../support/markdown.js";

const page = readFileSync(join(root, "docs/security.md"), "utf8");
const named = [...page.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = ""]) => path);

test("every test file that docs/security.md names exists", () => {
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("docs/security.md names every file of test/security", () => {
  const files = readdirSync(join(root, "test/security")).map((name) => `test/security/${name}`);
  expect(files.filter((path) => !named.includes(path))).toEqual([]);
});

test("docs/security.md has a row for each section of RFC 9700 and each item of the chapters of ASVS", () => {
  const rfc = page.split("\n## RFC 9700\n")[1]!.split("\n## ")[0]!;
  const sections = Array.from({ length: 17 }, (_, index) => `4.${String(index + 1)}`);
  const first = (text: string): string[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) => line.split("|")[1]!);
  const hasSection = (number: string): boolean =>
    first(rfc).some((cell) => new RegExp(`(^|[\\s,])${number.replace(".", "\\.")}(?![\\d.])`).test(cell));
  expect(sections.filter((number) => !hasSection(number))).toEqual([]);
  const asvs = first(page.split("\n## OWASP ASVS 4.0.3\n")[1]!.split("\n## ")[0]!).join("\n");
  const chapters = [
    "3.1.1",
    "3.2.1",
    "3.2.2",
    "3.2.3",
    "3.2.4",
    "3.3.1",
    "3.4.1",
    "3.5.1",
    "3.5.2",
    "3.5.3",
    "3.6.1",
  ];
  const more = [
    "3.7.1",
    "4.1.1",
    "4.1.2",
    "4.1.3",
    "4.1.5",
    "4.2.1",
    "4.2.2",
    "4.3.1",
    "13.1.1",
    "13.1.3",
    "13.1.4",
  ];
  const last = ["13.1.5", "13.2.1", "13.2.2", "13.2.3", "13.2.5", "13.2.6", "13.3", "13.4"];
  expect([...chapters, ...more, ...last].filter((item) => !asvs.includes(item))).toEqual([]);
});
