import type { ReactNode, RefObject } from "react";
import type { CalendarProvider } from "../browser/status.js";
import { message } from "./elements.js";
import type { Ui } from "./parts.js";

/** What a card shows. */
export interface CardView {
  /** The id of its name, and the beginning of all ids in it. */
  id: string;
  ref: RefObject<HTMLLIElement | null>;
  provider: CalendarProvider | "cal";
  state: string;
  name: string;
  stateText: string;
  /** Its buttons. */
  actions: ReactNode;
  /** The text of its error. */
  error: string | null;
}

/** The card of a provider, or of the user's own Cal.com account. */
export function card(ui: Ui, view: CardView, ...children: ReactNode[]): ReactNode {
  const { classOf, heading: Heading } = ui;
  const { id, ref, provider, state, error } = view;
  return (
    <li
      ref={ref}
      className={classOf("provider")}
      data-provider={provider}
      data-state={state}
      tabIndex={-1}
      aria-labelledby={id}
    >
      {/* The stylesheet contains the logos. */}
      <span className={classOf("mark")} aria-hidden="true">
        {ui.render.mark?.(provider)}
      </span>
      <div>
        <Heading id={id} className={classOf("name")}>
          {view.name}
        </Heading>
        <p className={classOf("state")}>{view.stateText}</p>
      </div>
      <div className={classOf("actions")}>{view.actions}</div>
      <div role="alert" id={`${id}-error`}>
        {error && message(ui, "error", error)}
      </div>
      {...children}
    </li>
  );
}

/** Moves the focus to a card when the focused element is removed, unless the user has moved it elsewhere. */
export function keepFocus({ current: card }: CardView["ref"]): void {
  const { activeElement, body } = document;
  if (activeElement === body || card?.contains(activeElement)) card?.focus();
}
