/** A table of the checks and runtimes. */
export class Table {
  readonly #checks: string[];
  readonly #columns = new Map<string, Map<string, string>>();

  constructor(checks: string[]) {
    this.#checks = checks;
  }

  /** Adds the output of a runtime: lines `ok NAME` or `not ok NAME: REASON`, and `end`. Returns the problems. */
  enter(runtime: string, lines: string[], without: string[] = []): string[] {
    const column = new Map(without.map((check) => [check, "-"]));
    this.#columns.set(runtime, column);
    const problems: string[] = [];
    for (const line of lines) {
      if (line.startsWith("ok ")) column.set(line.slice(3), "ok");
      else if (line !== "end") problems.push(line);
    }
    if (lines.at(-1) !== "end") problems.push('it did not print "end"');
    const known = new Set(this.#checks);
    problems.push(
      ...[...column.keys()].filter((check) => !known.has(check)).map((check) => `unknown: ${check}`),
    );
    problems.push(...this.#checks.filter((check) => !column.has(check)).map((check) => `missing: ${check}`));
    return problems;
  }

  toString(): string {
    const runtimes = [...this.#columns.keys()];
    const width = Math.max(...this.#checks.map((check) => check.length));
    const row = (first: string, cells: string[]) =>
      `${first.padEnd(width)}  ${cells.map((cell, n) => cell.padEnd(runtimes[n]!.length)).join("  ")}`.trimEnd();
    return [
      row("", runtimes),
      ...this.#checks.map((check) =>
        row(
          check,
          runtimes.map((runtime) => this.#columns.get(runtime)?.get(check) ?? "FAILED"),
        ),
      ),
    ].join("\n");
  }
}
