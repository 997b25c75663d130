import type { Finding } from "./report.js";

/** A part that was measured, as it is kept. */
export interface Measured extends Finding {
  at: string;
  machine: { node: string; system: string; cpu?: string | undefined; cores: number };
}

/** The page of the documentation that has all tables. */
export function speedPage(parts: readonly Measured[]): string {
  return `# Speed and size

Written by the benchmark: \`npm run bench -- --write\` in a clone of the repository measures all of it again. Each table was measured
in one run, its rows in turn, so that compare rows of a table and not numbers of two tables. Processor time says more than
elapsed time: it depends less on what else the machine does. What is called "before" is the build of an earlier commit.

${parts.map(section).join("\n\n")}
`;
}

function section({ title, notes, rows, at, machine }: Measured): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const isNumber = (column: string) => rows.every((row) => typeof row[column] !== "string");
  const table = [
    line(columns),
    line(columns.map((column) => (isNumber(column) ? "--:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => cellOf(row[column])))),
  ];
  const where = `Node.js ${machine.node}, ${machine.cores} cores, ${at.slice(0, 10)}`;
  return `## ${title}\n\n${table.join("\n")}\n\n${notes} ${where}.`;
}

function cellOf(value: string | number | undefined): string {
  if (value === undefined) return "";
  return typeof value === "number" ? value.toLocaleString("en") : value.replaceAll("|", "\\|");
}
