import type { CommandIo } from "../command.js";

/** What a check found. */
export interface Finding {
  /** `note`: works, but needs a look. `wrong`: the exit code is 1. */
  level: "ok" | "note" | "wrong";
  /** What was found. Without secrets. */
  text: string;
  /** What to do about it. */
  help?: string;
}

export function ok(text: string): Finding {
  return { level: "ok", text };
}

export function note(text: string, help: string): Finding {
  return { level: "note", text, help };
}

export function wrong(text: string, help: string): Finding {
  return { level: "wrong", text, help };
}

/** Prints what made a command fail. */
export function printProblems(findings: readonly Finding[], io: CommandIo): void {
  for (const { text, help } of findings) io.err(`calbridge: ${text}${help === undefined ? "" : `\n${help}`}`);
}

/** Prints the findings, and how many things are wrong. Returns the exit code. */
export function printFindings(findings: readonly Finding[], { out }: Pick<CommandIo, "out">): number {
  for (const { level, text, help } of findings) {
    const below = help === undefined ? "" : `\n       ${help.replaceAll("\n", "\n       ")}`;
    out(`${level.padEnd(6)} ${text}${below}`);
  }
  const count = findings.filter(({ level }) => level === "wrong").length;
  out(count === 0 ? "\nNothing is wrong." : `\n${count} ${count === 1 ? "thing is" : "things are"} wrong.`);
  return count === 0 ? 0 : 1;
}
