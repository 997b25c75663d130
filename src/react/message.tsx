import type { ReactNode } from "react";
import type { MessageKind, Ui } from "./parts.js";

/** What has worked, or went wrong. Stands in a live region that is there before it. */
export function message({ classOf, render }: Ui, kind: MessageKind, text: string): ReactNode {
  return <div className={classOf(kind)}>{render.message ? render.message(text, kind) : text}</div>;
}
