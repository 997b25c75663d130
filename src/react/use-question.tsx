import { useState, type ReactNode } from "react";
import { later } from "./later.js";
import type { Ui } from "./parts.js";
import type { Question } from "./question.js";

const ConfirmDialog = later<{ ui: Ui; question: Question; onEnd: () => void }>(() =>
  import("./confirm-dialog.js").then((module) => module.ConfirmDialog),
);

/** The question that is open, and the function that asks one. */
export function useQuestion(ui: Ui): [shown: ReactNode, ask: (question: Question) => void] {
  const [question, ask] = useState<Question | null>(null);
  return [question && <ConfirmDialog ui={ui} question={question} onEnd={() => ask(null)} />, ask];
}
