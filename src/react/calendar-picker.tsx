import type { ReactNode } from "react";
import type { CalendarIntegrationError } from "../browser/types.js";
import type { CalendarAppearance, Ui } from "./parts.js";
import { Picker, type PickerError } from "./picker.js";
import { describeError, type CalendarTexts } from "./texts.js";
import { uiOf } from "./ui.js";
import type { CalendarIntegrationState } from "./use-calendar-integration.js";

/** Props of {@link CalendarPicker}. */
export interface CalendarPickerProps extends Pick<
  CalendarAppearance,
  "classNames" | "headingLevel" | "render" | "texts"
> {
  /** The result of {@link useCalendarIntegration}. */
  integration: CalendarIntegrationState;
}

/**
 * Lets users choose which calendars are checked for conflicts, and where bookings go. {@link CalendarIntegration} contains
 * it: use it for a page or a step of its own.
 *
 * @example
 * ```tsx
 * <CalendarPicker integration={useCalendarIntegration()} />
 * ```
 */
export function CalendarPicker({ integration, ...appearance }: CalendarPickerProps): ReactNode {
  const ui = uiOf(integration, appearance, true);
  return (
    <div className={ui.classOf("root")}>
      <IntegrationPicker ui={ui} />
    </div>
  );
}

/** The picker, with the state and the actions of the hook. */
export function IntegrationPicker({ ui }: { ui: Ui }): ReactNode {
  const { texts, integration } = ui;
  const { calendars, error, selectCalendar, setDestination } = integration;
  return (
    <Picker
      ui={ui}
      view={{
        connections: calendars,
        error: pickerErrorOf(error, texts),
        onSelect: (calendar, isSelected) => void selectCalendar(calendar, isSelected),
        onDestination: setDestination,
      }}
    />
  );
}

function pickerErrorOf(error: CalendarIntegrationError | null, texts: CalendarTexts): PickerError | null {
  if (!error?.calendar) return null;
  const { action, calendar } = error;
  if (action !== "selectCalendar" && action !== "setDestination") return null;
  return { action, calendar, text: describeError(error, texts) };
}
