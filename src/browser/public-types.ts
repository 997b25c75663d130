// The types that both `calbridge/browser` and `calbridge/react` export.
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
  CalendarPopup,
  CalendarState,
  ConnectOptions,
  ConsentMode,
  LinkOptions,
} from "./types.js";
