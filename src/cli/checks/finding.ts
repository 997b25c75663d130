/** What a check found. */
export interface Finding {
  /** `note`: works, but look at it. `wrong`: the exit code says so. */
  level: "ok" | "note" | "wrong";
  /** What is so. Without secrets. */
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
