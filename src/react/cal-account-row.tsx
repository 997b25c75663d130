import { useId, useRef, useState, type ReactNode } from "react";
import type { LinkOptions } from "../browser/types.js";
import { confirmDialog, useDialog } from "./confirm-dialog.js";
import { DatedText } from "./dated-text.js";
import { button, message } from "./elements.js";
import type { Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";

/** What the user is asked before it is done. `link` has options that the user has to confirm. */
type Question = { text: string; options: LinkOptions } | null;

/** The user's own Cal.com account: whether it is linked and as whom, what to do, and the buttons to link and unlink it. */
export function CalAccountRow({ ui }: { ui: Ui }): ReactNode {
  const { texts, classOf, render, integration, heading: Heading } = ui;
  const { status, calAccount, pending, popups, error, link, unlink } = integration;
  const id = useId();
  const row = useRef<HTMLLIElement>(null);
  const dialog = useDialog();
  // What the dialog asks; `null`: whether to unlink.
  const [question, setQuestion] = useState<Question>(null);
  const [isAsked, setAsked] = useState(false);

  const account = calAccount?.grant === "oauth" ? calAccount : null;
  const email = account?.email ?? texts.calAccount;
  const { reauthorization = null, missingScopes = [] } = account ?? {};
  const isBroken = reauthorization !== null || missingScopes.length > 0;
  const action = [pending, ...popups].find((one) => one?.action.endsWith("link"))?.action;
  const state =
    status === "loading"
      ? "loading"
      : action === "link"
        ? "connecting"
        : !account
          ? "disconnected"
          : isBroken
            ? "broken"
            : "connected";
  const linkError = error?.action.endsWith("link") ? error : null;
  // What the user may do after such an error, if the user says so.
  const wayOut: Question =
    linkError?.code === "different_cal_account"
      ? { text: texts.confirmReplace, options: { replace: true } }
      : linkError?.code === "cal_account_in_use"
        ? {
            text: account ? `${texts.confirmReplace} ${texts.confirmTakeOver}` : texts.confirmTakeOver,
            options: { takeOver: true, replace: account !== null },
          }
        : null;

  const ask = (next: Question): void => {
    setQuestion(next);
    setAsked(true);
    dialog.open();
  };
  const close = (): void => {
    dialog.close();
    setAsked(false);
  };
  const onConfirm = (): void => {
    close();
    if (question) return void link(question.options);
    void unlink().then((isUnlinked) => {
      // The button with the focus is removed, so move the focus to the row, unless the user has moved it.
      if (isUnlinked && document.activeElement === document.body) row.current?.focus();
    });
  };

  const linkText = account ? texts.linkAgain : texts.link;
  return (
    <li
      ref={row}
      className={classOf("provider")}
      data-provider="cal"
      data-state={state}
      tabIndex={-1}
      aria-labelledby={id}
    >
      <span className={classOf("mark")} aria-hidden="true">
        {render.mark?.("cal")}
      </span>
      <div>
        <Heading id={id} className={classOf("name")}>
          {texts.calAccount}
        </Heading>
        <p className={classOf("state")}>
          {state === "disconnected"
            ? texts.notLinked
            : account?.email && state !== "connecting"
              ? fill(texts.linkedAs, account.email)
              : texts[state]}
        </p>
      </div>
      <div className={classOf("actions")}>
        {state !== "loading" &&
          (!account || isBroken) &&
          button(ui, account ? "primary" : "quiet", linkText, () => void link(), {
            id: `${id}-link`,
            about: id,
            isPending: action === "link",
          })}
        {account &&
          button(ui, "quiet", texts.unlink, () => ask(null), {
            id: `${id}-unlink`,
            about: id,
            isPending: action === "unlink",
          })}
      </div>
      <div role="alert">{linkError && message(ui, "error", describeError(linkError, texts))}</div>
      {wayOut && (
        <div className={classOf("actions")}>
          {button(ui, "quiet", texts.linkAnyway, () => ask(wayOut), { id: `${id}-anyway`, about: id })}
        </div>
      )}
      {account && isBroken && (
        <div className={classOf("help")}>
          {reauthorization && (
            <p>
              {reauthorization.worksUntil ? (
                <DatedText text={texts.linkBy} instant={reauthorization.worksUntil} />
              ) : (
                texts.linkNow
              )}
            </p>
          )}
          {missingScopes.length > 0 && <p>{fill(texts.missingScopes, missingScopes.join(", "))}</p>}
        </div>
      )}
      {confirmDialog(ui, dialog.ref, isAsked, {
        text: fill(question?.text ?? texts.confirmUnlink, email),
        action: question ? texts.linkAnyway : texts.unlink,
        onConfirm,
        onCancel: close,
      })}
    </li>
  );
}
