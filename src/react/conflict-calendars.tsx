import { useId, useState, type ReactNode } from "react";
import type { CalendarId } from "../browser/status.js";
import { choicesMatching, countOf, isSame, type ChoiceGroup } from "./calendar-choices.js";
import { message } from "./elements.js";
import { allTexts } from "./later-texts.js";
import type { Ui } from "./parts.js";
import { fill } from "./texts.js";

// With more calendars there is a field to find one, and the accounts are closed at first.
const MANY = 15;

interface ConflictCalendarsProps {
  ui: Ui;
  groups: readonly ChoiceGroup[];
  /** Why the change of a calendar was undone. */
  error: string | undefined;
  /** The calendar that `error` is about. */
  changed: CalendarId | undefined;
  onChange: (calendar: CalendarId, isSelected: boolean) => void;
}

/** The calendars that are checked for conflicts: a group of checkboxes for each account. */
export function ConflictCalendars(props: ConflictCalendarsProps): ReactNode {
  const { ui, groups } = props;
  const { classOf, heading: Heading } = ui;
  const texts = allTexts(ui);
  const id = useId();
  const [filter, setFilter] = useState("");
  // What the user has opened or closed since the filter has changed.
  const [toggled, setToggled] = useState<Record<string, boolean>>({});
  const isMany = countOf(groups) > MANY;
  const found = isMany ? choicesMatching(groups, filter) : groups;

  return (
    <div className={classOf("conflicts")}>
      <Heading id={id} className={classOf("name")}>
        {texts.conflicts}
      </Heading>
      <p className={classOf("help")}>{texts.conflictsHelp}</p>
      {isMany && (
        <div>
          <label htmlFor={`${id}-filter`}>{texts.filter}</label>
          <input
            id={`${id}-filter`}
            className={classOf("field")}
            type="search"
            autoComplete="off"
            value={filter}
            onChange={({ target }) => {
              setFilter(target.value);
              setToggled({});
            }}
          />
          {/* It has its place also while it is empty, so that the list below does not move. */}
          <p role="status" className={classOf("help")}>
            {filter.trim() && fill(texts.filterCount, String(countOf(found)))}
          </p>
        </div>
      )}
      {found.map(({ key, label, choices, connection }) => {
        const isOpen = toggled[key] ?? (!isMany || filter.trim() !== "");
        const selected = connection.calendars.filter(({ isSelected }) => isSelected).length;
        return (
          <details
            key={key}
            className={classOf("group")}
            open={isOpen}
            onToggle={({ currentTarget: { open } }) => {
              if (open !== isOpen) setToggled((others) => ({ ...others, [key]: open }));
            }}
          >
            <summary>
              <bdi id={`${id}-${key}`}>{label}</bdi>{" "}
              <bdi className={classOf("help")}>
                {texts.selectedCount
                  .replace("{selected}", String(selected))
                  .replace("{total}", String(connection.calendars.length))}
              </bdi>
            </summary>
            {/* The many calendars of closed accounts would make the page slow. */}
            {isOpen && (
              <ul role="list" aria-labelledby={`${id} ${id}-${key}`}>
                {choices.map((choice) => checkbox(props, choice))}
              </ul>
            )}
          </details>
        );
      })}
    </div>
  );
}

function checkbox(
  { ui, error, changed, onChange }: ConflictCalendarsProps,
  { key, name, calendar, reference }: ChoiceGroup["choices"][number],
): ReactNode {
  return (
    <li key={key}>
      <label>
        <input
          type="checkbox"
          checked={calendar.isSelected}
          disabled={!reference}
          onChange={({ target }) => reference && onChange(reference, target.checked)}
        />{" "}
        {/* A name has its own text direction, independent of the page. */}
        <bdi>{name}</bdi>
      </label>
      {/* Beside the calendar, as the beginning of a long list may be outside of the screen. */}
      {error && changed && reference && isSame(changed, reference) && (
        <div role="alert">{message(ui, "error", error)}</div>
      )}
    </li>
  );
}
