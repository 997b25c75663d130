import type { ReactNode } from "react";
import type { CalendarAppearance, Ui } from "./parts.js";
import { later } from "./later.js";
import { uiOf } from "./ui.js";
import type { CalendarIntegrationState } from "./use-calendar-integration.js";

const Picker = later(() => import("./picker.js").then(({ Picker }) => Picker));

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

/** The picker, as soon as there is a calendar to choose. */
export function IntegrationPicker({ ui }: { ui: Ui }): ReactNode {
  return ui.integration.calendars.some(({ calendars }) => calendars.length) && <Picker ui={ui} />;
}
