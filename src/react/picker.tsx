import type { ReactNode } from "react";
import type { CalendarIntegrationError } from "../browser/types.js";
import { groupsOf } from "./calendar-choices.js";
import { ConflictCalendars } from "./conflict-calendars.js";
import { DestinationSelect } from "./destination-select.js";
import { allTexts } from "./later-texts.js";
import type { Ui } from "./parts.js";
import { describeError } from "./texts.js";

/** Lets the user choose which calendars are checked for conflicts, and where new bookings go. */
export function Picker({ ui }: { ui: Ui }): ReactNode {
  const { classOf, integration } = ui;
  const { calendars, error, selectCalendar, setDestination } = integration;
  const groups = groupsOf(calendars);
  const textOf = (action: CalendarIntegrationError["action"]): string | undefined =>
    error?.action === action ? describeError(error, ui.texts) : undefined;
  return (
    <section className={classOf("picker")} aria-label={allTexts(ui).picker}>
      <DestinationSelect ui={ui} groups={groups} error={textOf("setDestination")} onChange={setDestination} />
      <ConflictCalendars
        ui={ui}
        groups={groups}
        error={textOf("selectCalendar")}
        changed={error?.calendar}
        onChange={(calendar, isSelected) => void selectCalendar(calendar, isSelected)}
      />
    </section>
  );
}
