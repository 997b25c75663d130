import type { ReactNode } from "react";
import type { LinkedCalAccount } from "../browser/status.js";
import type { LinkOptions } from "../browser/types.js";
import { DatedText } from "./dated-text.js";
import { button } from "./elements.js";
import { allTexts } from "./later-texts.js";
import type { Ui } from "./parts.js";
import { fill } from "./texts.js";
import type { Question } from "./question.js";

/** What the user can do if the Cal.com account could not be linked, or has to be linked again. */
export function CalAccountHelp({
  ui,
  id,
  account,
  ask,
}: {
  ui: Ui;
  /** The id of the row's name. */
  id: string;
  account: LinkedCalAccount | null;
  ask: (question: Question) => void;
}): ReactNode {
  const { classOf, integration } = ui;
  const texts = allTexts(ui);
  const { reauthorization = null, missingScopes = [] } = account ?? {};
  const code = integration.error?.action === "link" ? integration.error.code : null;

  /** Links another account after all, if the user says so. */
  const linkAnyway = (text: string, options: LinkOptions): ReactNode => (
    <div className={classOf("actions")}>
      {button(
        ui,
        "quiet",
        texts.linkAnyway,
        () =>
          ask({
            text: () => fill(text, account?.email ?? texts.calAccount),
            action: texts.linkAnyway,
            onConfirm: () => void integration.link(options),
          }),
        { id: `${id}-anyway`, about: id },
      )}
    </div>
  );

  return (
    <>
      {code === "different_cal_account" && linkAnyway(texts.confirmReplace, { replace: true })}
      {code === "cal_account_in_use" &&
        linkAnyway(account ? `${texts.confirmReplace} ${texts.confirmTakeOver}` : texts.confirmTakeOver, {
          takeOver: true,
          replace: account !== null,
        })}
      {reauthorization &&
        (reauthorization.worksUntil ? (
          <DatedText ui={ui} name="linkBy" instant={reauthorization.worksUntil} />
        ) : (
          <p className={classOf("help")}>{texts.linkNow}</p>
        ))}
      {missingScopes.length > 0 && (
        <p className={classOf("help")}>{fill(texts.missingScopes, missingScopes.join(", "))}</p>
      )}
    </>
  );
}
