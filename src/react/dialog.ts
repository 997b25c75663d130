/** What a browser without dialogs, such as Safari 15.3, has in place of one: an element that knows no methods. */
type DialogLike = HTMLElement & Partial<Pick<HTMLDialogElement, "showModal" | "close">>;

const openers = new WeakMap<Element, Element | null>();

/** Opens a dialog. Without support of the browser's, it is shown in its place on the page and takes the focus. */
export function openDialog(dialog: DialogLike): void {
  if (dialog.showModal) {
    dialog.showModal();
    return;
  }
  openers.set(dialog, document.activeElement);
  dialog.setAttribute("open", "");
  dialog.querySelector("button")?.focus();
}

/** Closes a dialog. The focus returns to the element that had it when the dialog was opened. */
export function closeDialog(dialog: DialogLike): void {
  if (dialog.close) {
    dialog.close();
    return;
  }
  dialog.removeAttribute("open");
  (openers.get(dialog) as HTMLElement | null | undefined)?.focus();
}
