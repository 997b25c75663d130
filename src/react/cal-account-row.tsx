import { useId, useRef, type ReactNode } from "react";
import { card, keepFocus } from "./card.js";
import { button } from "./elements.js";
import { later } from "./later.js";
import type { Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";
import { useQuestion } from "./use-question.js";

const CalAccountHelp = later(() =>
  import("./cal-account-help.js").then(({ CalAccountHelp }) => CalAccountHelp),
);

/** The user's own Cal.com account: whether it is linked and as whom, what to do, and the buttons to link and unlink it. */
export function CalAccountRow({ ui }: { ui: Ui }): ReactNode {
  const { texts, integration } = ui;
  const { status, calAccount, pending, popups, error, link, unlink } = integration;
  const id = useId();
  const row = useRef<HTMLLIElement>(null);
  const [question, ask] = useQuestion(ui);

  const account = calAccount?.grant === "oauth" ? calAccount : null;
  const isBroken = Boolean(account?.reauthorization ?? account?.missingScopes.length);
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
  const onUnlink = (): void =>
    ask({
      text: ({ confirmUnlink }) => fill(confirmUnlink, account?.email ?? texts.calAccount),
      action: texts.unlink,
      onConfirm: () => void unlink().then((isUnlinked) => isUnlinked && keepFocus(row)),
    });

  return card(
    ui,
    {
      id,
      ref: row,
      provider: "cal",
      state,
      name: texts.calAccount,
      stateText:
        state === "disconnected"
          ? texts.notLinked
          : account?.email && state !== "connecting"
            ? fill(texts.linkedAs, account.email)
            : texts[state],
      error: linkError && describeError(linkError, texts),
      actions: (
        <>
          {state !== "loading" &&
            (!account || isBroken) &&
            button(
              ui,
              account ? "primary" : "quiet",
              account ? texts.linkAgain : texts.link,
              () => void link(),
              { id: `${id}-link`, about: id, isPending: action === "link" },
            )}
          {account &&
            button(ui, "quiet", texts.unlink, onUnlink, {
              id: `${id}-unlink`,
              about: id,
              isPending: action === "unlink",
            })}
        </>
      ),
    },
    (linkError || isBroken) && <CalAccountHelp ui={ui} id={id} account={account} ask={ask} />,
    question,
  );
}
