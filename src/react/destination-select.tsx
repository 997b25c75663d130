import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import type { CalendarReference, ChoiceGroup } from "./calendar-choices.js";
import type { Ui } from "./parts.js";
import { fill } from "./texts.js";

// With the arrow keys a closed select passes through all calendars on the way to the wanted one.
const SETTLE_MS = 700;

/** The calendar that new bookings are written to. */
export function DestinationSelect({
  ui: { texts, classOf },
  groups,
  onChange,
}: {
  ui: Ui;
  groups: readonly ChoiceGroup[];
  onChange: (calendar: CalendarReference) => void;
}): ReactNode {
  const id = useId();
  // The chosen key, until it is reported.
  const [draft, setDraft] = useState<string | null>(null);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const choices = groups.flatMap((group) => group.choices);
  const current = choices.find(({ isDestination }) => isDestination);

  /** Reports the choice, if one waits. */
  const report = useRef<() => void>(() => undefined);
  useEffect(() => {
    report.current = () => {
      const reference = choices.find(({ key }) => key === draft)?.reference;
      clearTimeout(waiting.current);
      if (draft === null) return;
      setDraft(null);
      if (reference && draft !== current?.key) onChange(reference);
    };
  });
  // Also when the user leaves the page of the application that shows it.
  useEffect(() => () => report.current(), []);

  return (
    <div className={classOf("destination")}>
      <label htmlFor={id}>{texts.destination}</label>
      <select
        id={id}
        className={classOf("field")}
        aria-describedby={`${id}-help`}
        value={draft ?? current?.key ?? ""}
        onChange={({ target }) => {
          setDraft(target.value);
          clearTimeout(waiting.current);
          waiting.current = setTimeout(() => report.current(), SETTLE_MS);
        }}
        onBlur={() => report.current()}
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
      <p className={classOf("help")} id={`${id}-help`}>
        {texts.destinationHelp}
      </p>
    </div>
  );
}
