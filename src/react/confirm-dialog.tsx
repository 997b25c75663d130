import { useLayoutEffect, useRef, type ReactNode } from "react";
import { closeDialog, openDialog } from "./dialog.js";
import { button } from "./elements.js";
import { allTexts } from "./later-texts.js";
import type { ConfirmView, Ui } from "./parts.js";
import type { Question } from "./question.js";

/** A question. Open from its first render to its last. */
export function ConfirmDialog({
  ui,
  question,
  onEnd,
}: {
  ui: Ui;
  question: Question;
  onEnd: () => void;
}): ReactNode {
  const { classOf, render } = ui;
  const texts = allTexts(ui);
  const ref = useRef<HTMLDialogElement>(null);
  // Closed before it is removed: only then does a browser give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog) return;
    openDialog(dialog);
    return () => closeDialog(dialog);
  }, []);
  const view: ConfirmView = {
    text: question.text(texts),
    onConfirm() {
      onEnd();
      question.onConfirm();
    },
    onCancel: onEnd,
  };
  if (render.confirm) return render.confirm(view);
  return (
    <dialog ref={ref} className={classOf("dialog")} aria-label={view.text} onClose={onEnd}>
      <p>{view.text}</p>
      <div className={classOf("actions")}>
        {button(ui, "quiet", texts.cancel, view.onCancel)}
        {button(ui, "danger", question.action, view.onConfirm)}
      </div>
    </dialog>
  );
}
