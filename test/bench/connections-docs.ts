import { readFile, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";

const START = "<!-- written by npm run bench -- connections -->";
const END = "<!-- end of what is written -->";

/** Writes the figures, as a table, between two comments of a page. */
export async function writeFigures(
  page: string,
  rows: readonly [what: string, value: string][],
): Promise<void> {
  const text = await readFile(page, "utf8");
  const [before, rest] = text.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no place for the figures.`);
  const table = ["| what | |", "| --- | --- |", ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
  const written = `${before}${START}\n\n${table}\n\n${END}${after}`;
  await writeFile(page, await format(written, { ...(await resolveConfig(page)), filepath: page }));
}
