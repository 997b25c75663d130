import type { ReactNode } from "react";
import type { CalendarId, Connection } from "../browser/status.js";
import { groupsOf } from "./calendar-choices.js";
import { ConflictCalendars } from "./conflict-calendars.js";
import { DestinationSelect } from "./destination-select.js";
import type { Ui } from "./parts.js";

/** Why a change was taken back. */
export interface PickerError {
  action: "selectCalendar" | "setDestination";
  calendar: CalendarId;
  /** What went wrong and what to do. */
  text: string;
}

/** What the picker shows and changes. */
export interface PickerView {
  connections: readonly Connection[];
  error: PickerError | null;
  onSelect: (calendar: CalendarId, isSelected: boolean) => void;
  /** Resolves with whether Cal.com has accepted it. */
  onDestination: (calendar: CalendarId) => Promise<boolean>;
}

/** Lets the user choose which calendars are checked for conflicts, and where new bookings go. */
export function Picker({ ui, view }: { ui: Ui; view: PickerView }): ReactNode {
  const { texts, classOf } = ui;
  const { connections, error, onSelect, onDestination } = view;
  const groups = groupsOf(connections);
  const errorOf = (action: PickerError["action"]): PickerError | null =>
    error?.action === action ? error : null;
  return (
    <section className={classOf("picker")} aria-label={texts.picker} hidden={groups.length === 0}>
      <DestinationSelect
        ui={ui}
        groups={groups}
        error={errorOf("setDestination")?.text}
        onChange={onDestination}
      />
      <ConflictCalendars ui={ui} groups={groups} error={errorOf("selectCalendar")} onChange={onSelect} />
    </section>
  );
}
