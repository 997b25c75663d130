/**
 * The client for an application's server: users, their calendars, tokens, errors.
 *
 * @module calbridge
 */
export { CalClient } from "./client.js";
export type { CalClientOptions, CalHooks } from "./options.js";
export type { Logger, RequestInfo, ResponseInfo } from "./api/observe.js";
export type { CallOptions } from "./api/call.js";

export { CalUser, type AccessToken } from "./user.js";
export { UserCalendars, type BusyTimesQuery, type ConnectUrlInput, type SyncResult } from "./calendars.js";
export type { DisconnectableProvider } from "./disconnect.js";
export type { CalendarStatus, DisconnectedReason } from "./calendar-status.js";
export { CalendarEvents, CalendarScope, type InCalendar, type TimeRange } from "./calendar-scope.js";
export type {
  Calendar,
  CalendarList,
  ConnectedCalendar,
  DestinationCalendar,
  Integration,
  IntegrationType,
} from "./api/calendar-list.js";
export type {
  BusyTime,
  CalendarCredential,
  CalendarProvider,
  CalendarReference,
  OAuthProvider,
} from "./api/calendars.js";
export type {
  CalendarConnection,
  CalendarEvent,
  CalendarEventInput,
  CalendarEventUpdate,
  EventAttendee,
  EventTime,
} from "./api/connections.js";
export type { SelectedCalendar } from "./api/selected-calendars.js";

export { ManagedUsers, type ManagedUserQuery } from "./managed-users.js";
export type {
  CreatedManagedUser,
  ManagedUser,
  ManagedUserInput,
  ManagedUserMetadata,
  ManagedUserUpdate,
  UserProfile,
  WeekDay,
} from "./api/managed-users.js";
export type { CalTokens } from "./api/tokens.js";

export type { TokenOutcome, TokensInfo } from "./tokens/outcome.js";
export type { TokenRecord, TokenStore, TokenWrite } from "./tokens/token-store.js";
export { encryptedTokenStore, type EncryptedTokenStoreOptions } from "./tokens/encryption.js";
export { encryptionKeysFromEnv, type EncryptionKeys } from "./tokens/encryption-keys.js";
export { resealTokens, type ResealOptions, type ResealProgress } from "./tokens/reseal.js";
export { memoryTokenStore, type MemoryTokenStoreOptions } from "./stores/memory.js";

export {
  CalApiError,
  CalError,
  CalNetworkError,
  CalRateLimitError,
  CalStoreError,
  CalTimeoutError,
  CalTokenError,
  CalValidationError,
  isCalError,
  type CalErrorCode,
  type CalErrorOptions,
  type CalTokenErrorCode,
} from "./errors.js";
