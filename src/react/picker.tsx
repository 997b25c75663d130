import { useState, type ReactNode } from "react";
import { groupsOf, type CalendarReference } from "./calendar-choices.js";
import { ConflictCalendars } from "./conflict-calendars.js";
import { DestinationSelect } from "./destination-select.js";
import { message } from "./elements.js";
import type { Ui } from "./parts.js";
import { fill } from "./texts.js";
import type { Connection } from "./types.js";

/** What the picker shows and changes. */
export interface PickerView {
  connections: readonly Connection[];
  /** Why the last change was taken back, and what to do. */
  error: string | null;
  onSelect: (calendar: CalendarReference, isSelected: boolean) => void;
  /** Resolves with whether Cal.com has accepted it. */
  onDestination: (calendar: CalendarReference) => Promise<boolean>;
}

/** Lets the user choose which calendars are checked for conflicts, and where new bookings go. */
export function Picker({ ui, view }: { ui: Ui; view: PickerView }): ReactNode {
  const { texts, classOf } = ui;
  const { connections, error, onSelect, onDestination } = view;
  const [notice, setNotice] = useState<string | null>(null);
  const groups = groupsOf(connections);

  const setDestination = async (calendar: CalendarReference): Promise<void> => {
    setNotice(null);
    const choices = groups.flatMap((group) => group.choices);
    const name = choices.find(({ reference }) => reference && isSame(reference, calendar))?.name ?? "";
    if (await onDestination(calendar)) setNotice(fill(texts.didSetDestination, name));
  };

  return (
    <section className={classOf("picker")} aria-label={texts.picker} hidden={groups.length === 0}>
      <DestinationSelect ui={ui} groups={groups} onChange={(calendar) => void setDestination(calendar)} />
      <ConflictCalendars
        ui={ui}
        groups={groups}
        onChange={(calendar, isSelected) => {
          setNotice(null);
          onSelect(calendar, isSelected);
        }}
      />
      {/* At the end, so that a message moves no checkbox away from the pointer. The stylesheet keeps it in sight. */}
      <div role="status">{notice && !error && message(ui, "notice", notice)}</div>
      <div role="alert">{error && message(ui, "error", error)}</div>
    </section>
  );
}

function isSame(one: CalendarReference, other: CalendarReference): boolean {
  return one.credentialId === other.credentialId && one.externalId === other.externalId;
}
