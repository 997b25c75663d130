/** Which check has passed on which runtime. */
export class Table {
  readonly #checks: string[];
  readonly #columns = new Map<string, Map<string, string>>();

  constructor(checks: string[]) {
    this.#checks = checks;
  }

  /** Takes what a runtime has printed: `ok NAME` or `not ok NAME: WHY`, and `end`. Answers what is wrong with it. */
  enter(runtime: string, lines: string[], without: string[] = []): string[] {
    const column = new Map(without.map((check) => [check, "-"]));
    this.#columns.set(runtime, column);
    const faults: string[] = [];
    for (const line of lines) {
      if (line.startsWith("ok ")) column.set(line.slice(3), "ok");
      else if (line !== "end") faults.push(line);
    }
    if (lines.at(-1) !== "end") faults.push("it did not come to its end");
    const known = new Set(this.#checks);
    faults.push(
      ...[...column.keys()].filter((check) => !known.has(check)).map((check) => `unknown: ${check}`),
    );
    faults.push(...this.#checks.filter((check) => !column.has(check)).map((check) => `missing: ${check}`));
    return faults;
  }

  /** Says of one check how it went. */
  set(runtime: string, check: string, passed: boolean): void {
    if (passed) this.#columns.get(runtime)?.set(check, "ok");
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
