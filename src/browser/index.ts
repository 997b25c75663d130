/**
 * A store of a user's calendars for pages without React: plain JavaScript, Vue, Svelte and others.
 *
 * @module calbridge/browser
 */
export { createCalendarIntegration } from "./create-calendar-integration.js";
export { stateOf } from "./connections.js";
export type {
  CalAccountView,
  CalendarId,
  CalendarIntegrationStatus,
  CalendarProvider,
  CalReauthorization,
  Connection,
  ConnectionCalendar,
  LinkedCalAccount,
  OAuthProvider,
} from "./status.js";
export type {
  CalendarAction,
  CalendarActions,
  CalendarActivity,
  CalendarChange,
  CalendarIntegrationError,
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationStore,
  CalendarPopup,
  CalendarState,
  ConnectOptions,
  ConsentMode,
  LinkOptions,
} from "./types.js";
