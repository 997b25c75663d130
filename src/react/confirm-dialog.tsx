import { useRef, type ReactNode, type RefObject } from "react";
import { closeDialog, openDialog } from "./dialog.js";
import { button } from "./elements.js";
import type { ConfirmView, Ui } from "./parts.js";

/** A question, and the text of the button that says yes. */
export interface Question extends ConfirmView {
  action: string;
}

/** Opens and closes a dialog. */
export interface Dialog {
  ref: RefObject<HTMLDialogElement | null>;
  open: () => void;
  close: () => void;
}

export function useDialog(): Dialog {
  const ref = useRef<HTMLDialogElement>(null);
  return {
    ref,
    open: () => {
      if (ref.current) openDialog(ref.current);
    },
    close: () => {
      if (ref.current) closeDialog(ref.current);
    },
  };
}

/** The question before something is ended. `isAsked`: whether it is open. */
export function confirmDialog(
  ui: Ui,
  ref: Dialog["ref"],
  isAsked: boolean,
  { action, ...view }: Question,
): ReactNode {
  const { classOf, render, texts } = ui;
  if (render.confirm) return isAsked && render.confirm(view);
  return (
    <dialog ref={ref} className={classOf("dialog")} aria-label={view.text}>
      <p>{view.text}</p>
      <div className={classOf("actions")}>
        {button(ui, "quiet", texts.cancel, view.onCancel)}
        {button(ui, "danger", action, view.onConfirm)}
      </div>
    </dialog>
  );
}
