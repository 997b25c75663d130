/**
 * A React component for a settings page, and the hook that it uses.
 *
 * @module calbridge/react
 */
export { useCalendarIntegration, type CalendarIntegrationState } from "./use-calendar-integration.js";
export { CalendarIntegration, type CalendarIntegrationProps } from "./calendar-integration.js";
export { CalendarPicker, type CalendarPickerProps } from "./calendar-picker.js";
export { defaultTexts } from "./default-texts.js";
export { describeError } from "./texts.js";
export type { CalendarTexts, PartialCalendarTexts } from "./calendar-texts.js";
export type {
  AppleFormView,
  ButtonView,
  CalendarAppearance,
  CalendarPart,
  CalendarRenderProps,
  ConfirmView,
  ConnectionView,
  MessageKind,
  ProviderState,
  ProviderView,
} from "./parts.js";
export type * from "../browser/public-types.js";
