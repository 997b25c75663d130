import { useSyncExternalStore, type ReactNode } from "react";

const never = (): (() => void) => () => undefined;

/**
 * A text with a date in place of `{date}`. The server knows neither the user's time zone nor the form of dates in the
 * user's language: it renders the date as 2026-11-03, and the browser replaces it.
 */
export function DatedText({ text, instant }: { text: string; instant: string }): ReactNode {
  const isBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  const [before, after] = text.split("{date}");
  return (
    <>
      {before}
      {after !== undefined && (
        <time dateTime={instant}>{isBrowser ? localDate(instant) : instant.slice(0, 10)}</time>
      )}
      {after}
    </>
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
