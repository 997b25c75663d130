/**
 * A React component for a settings page, and the hook that it uses.
 *
 * @module calbridge/react
 */
export { useCalendarIntegration } from "./use-calendar-integration.js";
export { CalendarIntegration, type CalendarIntegrationProps } from "./calendar-integration.js";
export { defaultTexts, describeError, type CalendarTexts, type PartialCalendarTexts } from "./texts.js";
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
export type {
  ConnectionCalendar,
  Connection,
  CalendarAction,
  CalendarActivity,
  CalendarIntegrationError,
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationState,
  CalendarIntegrationStatus,
  CalendarProvider,
  OAuthProvider,
} from "./types.js";
