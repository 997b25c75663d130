/**
 * A component for a settings page, and the hook behind it.
 *
 * @module calbridge/react
 */
export { useCalendarIntegration } from "./use-calendar-integration.js";
export { CalendarIntegration, type CalendarIntegrationProps } from "./calendar-integration.js";
export { defaultTexts, describeError, type CalendarTexts, type PartialCalendarTexts } from "./texts.js";
export type {
  AccountView,
  AppleFormView,
  ButtonView,
  CalendarAppearance,
  CalendarPart,
  CalendarRenderProps,
  ConfirmView,
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
