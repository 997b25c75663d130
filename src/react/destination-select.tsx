import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import type { CalendarId } from "../browser/status.js";
import type { ChoiceGroup } from "./calendar-choices.js";
import { message } from "./elements.js";
import { allTexts } from "./later-texts.js";
import type { Ui } from "./parts.js";
import { fill } from "./texts.js";

// With the arrow keys a closed select passes through all calendars on the way to the wanted one.
const SETTLE_MS = 700;

interface DestinationSelectProps {
  ui: Ui;
  groups: readonly ChoiceGroup[];
  /** Why the last change was undone, and what to do. */
  error: string | undefined;
  /** Resolves with whether it worked. */
  onChange: (calendar: CalendarId) => Promise<boolean>;
}

/** The calendar that new bookings are written to. */
export function DestinationSelect({ ui, groups, error, onChange }: DestinationSelectProps): ReactNode {
  const { classOf } = ui;
  const texts = allTexts(ui);
  const id = useId();
  const [notice, setNotice] = useState<string | null>(null);
  // The chosen key, until it is sent.
  const [draft, setDraft] = useState<string | null>(null);
  const waiting = useRef<{ timer: ReturnType<typeof setTimeout>; send: () => void }>(undefined);
  const choices = groups.flatMap((group) => group.choices);
  const current = choices.find(({ calendar }) => calendar.isDestination);

  const sendNow = (): void => {
    clearTimeout(waiting.current?.timer);
    waiting.current?.send();
    waiting.current = undefined;
  };
  // Also when the user leaves the page of the application that shows it.
  useEffect(() => sendNow, []);

  const choose = (chosenKey: string): void => {
    const chosen = choices.find(({ key }) => key === chosenKey);
    const send = (): void => {
      setDraft(null);
      if (!chosen?.reference || chosen === current) return;
      void onChange(chosen.reference).then(
        (worked) => worked && setNotice(fill(texts.didSetDestination, chosen.name)),
      );
    };
    clearTimeout(waiting.current?.timer);
    waiting.current = { timer: setTimeout(sendNow, SETTLE_MS), send };
    setNotice(null);
    setDraft(chosenKey);
  };

  return (
    <div className={classOf("destination")}>
      <label htmlFor={id}>{texts.destination}</label>
      <select
        id={id}
        className={classOf("field")}
        aria-describedby={`${id}-help`}
        value={draft ?? current?.key ?? ""}
        onChange={({ target }) => choose(target.value)}
        onBlur={sendNow}
      >
        {/* It stays an option while nothing is chosen only: bookings can't be sent nowhere again. */}
        {!current && (
          <option value="" disabled>
            {texts.noDestination}
          </option>
        )}
        {groups.map(({ key, label, choices }) => (
          <optgroup key={key} label={label}>
            {choices.map(({ key, name, calendar, reference }) => (
              <option key={key} value={key} disabled={calendar.readOnly || !reference}>
                {calendar.readOnly ? fill(texts.readOnly, name) : name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <div role="status">{notice && !error && message(ui, "notice", notice)}</div>
      <div role="alert">{error && message(ui, "error", error)}</div>
      {/* A message takes its place. */}
      <p className={classOf("help")} id={`${id}-help`} hidden={!!(notice ?? error)}>
        {texts.destinationHelp}
      </p>
    </div>
  );
}
