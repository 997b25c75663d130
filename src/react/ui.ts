import type { CalendarAppearance, Ui } from "./parts.js";
import { withDefaults } from "./texts.js";
import type { CalendarIntegrationState } from "./use-calendar-integration.js";

/** What all parts of a component share. */
export function uiOf(
  integration: CalendarIntegrationState,
  { classNames = {}, render = {}, headingLevel = 3, texts }: CalendarAppearance,
  hasPicker: boolean,
): Ui {
  return {
    texts: withDefaults(texts),
    render,
    integration,
    hasPicker,
    heading: `h${headingLevel}`,
    classOf: (part) => `calbridge-${part}${classNames[part] ? ` ${classNames[part]}` : ""}`,
  };
}
