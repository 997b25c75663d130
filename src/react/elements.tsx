import type { ReactNode } from "react";
import type { ButtonView, MessageKind, Ui } from "./parts.js";

/** Options of a button. */
export interface ButtonInput {
  /** Whether the button's own action is in progress. */
  isPending?: boolean | undefined;
  /** The id of the element that the action is about. Screen readers read it after the button's text. */
  about?: string;
  id?: string;
  type?: "submit";
}

/**
 * A button. While an action is in progress it does nothing, but keeps the focus, which `disabled` would remove. A function
 * and not a component, as it has no state.
 */
export function button(
  { classOf, integration, render, texts }: Ui,
  kind: ButtonView["kind"],
  text: string,
  onClick?: ButtonView["onClick"],
  { isPending = false, id, about, ...rest }: ButtonInput = {},
): ReactNode {
  const isBusy = integration.pending !== null;
  const attributes: Omit<ButtonView, "kind" | "isPending"> = {
    type: "button",
    id,
    className: classOf("button"),
    "aria-disabled": isBusy,
    "aria-labelledby": about && `${id} ${about}`,
    onClick: isBusy ? (event) => event.preventDefault() : onClick,
    children: isPending ? texts.loading : text,
    ...rest,
  };
  return render.button ? (
    render.button({ kind, isPending, ...attributes })
  ) : (
    <button {...attributes} data-kind={kind} aria-busy={isPending} />
  );
}

/** A message about a success or a failure. Its live region exists before the message, so that screen readers read it. */
export function message({ classOf, render }: Ui, kind: MessageKind, text: string): ReactNode {
  return <div className={classOf(kind)}>{render.message ? render.message(text, kind) : text}</div>;
}
