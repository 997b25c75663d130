import type { ReactNode } from "react";
import { allTexts } from "./later-texts.js";
import type { Ui } from "./parts.js";

/**
 * A text with a date in place of `{date}`. Rendered in the browser only: the server knows neither the user's time zone nor
 * the form of dates in the user's language.
 */
export function DatedText({
  ui,
  name,
  instant,
}: {
  ui: Ui;
  name: "brokenSince" | "linkBy";
  instant: string;
}): ReactNode {
  const [before, after] = allTexts(ui)[name].split("{date}");
  return (
    <p className={ui.classOf("help")}>
      {before}
      {after !== undefined && <time dateTime={instant}>{localDate(instant)}</time>}
      {after}
    </p>
  );
}

function localDate(instant: string): string {
  const format = (language?: string): string =>
    new Date(instant).toLocaleDateString(language, { dateStyle: "long" } as Intl.DateTimeFormatOptions);
  try {
    return format(document.documentElement.lang || undefined);
  } catch {
    // The page's `lang` is not a language.
    return format();
  }
}
