import type { ReactNode } from "react";
import type { ButtonView, MessageKind, Ui } from "./parts.js";

/** What a button is, besides what it says. */
export interface ButtonInput {
  /** This button's own thing is under way. */
  isPending?: boolean | undefined;
  /** The id of what it is about: read out after its text. */
  about?: string;
  id?: string;
  type?: "submit";
}

/**
 * A button. While something is under way it does nothing, but keeps the focus: `disabled` would lose it.
 * A plain function: it has no state of its own.
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

/** What has worked, or went wrong. Stands in a live region that is there before it. */
export function message({ classOf, render }: Ui, kind: MessageKind, text: string): ReactNode {
  return <div className={classOf(kind)}>{render.message ? render.message(text, kind) : text}</div>;
}
