/**
 * The client for an application's server: users, their calendars, tokens, errors.
 *
 * @module calbridge
 */
export { CalClient } from "./client.js";
export type {
  CalClientOptions,
  CalHooks,
  CommonOptions,
  GrantOptions,
  ManagedUsersOptions,
  OAuthOptions,
} from "./client-options.js";
export type { CalRequestInfo, CalResponseInfo, Logger } from "./api/hooks.js";
export type { CalPagesInput } from "./api/pages.js";
export type { CalRequestInput, CalResponse } from "./api/raw-request.js";
export type { Secret } from "./lib/secret-source.js";
export type { CallOptions } from "./api/request.js";
export type { Operation, OperationResult, Telemetry, TelemetryEvent } from "./lib/telemetry.js";

export type { AccessToken, CalUser } from "./users/cal-user.js";
export type { UnreadableUser, UserSummary, UsersOptions } from "./users/user-summaries.js";
export type { CalAccount, LinkedCalAccount, ManagedCalAccount } from "./users/cal-account.js";
export type { OAuthAccounts } from "./users/oauth-accounts.js";
export type { AuthorizationUrlInput, LinkInput, LinkOptions } from "./users/oauth-types.js";
export type { BusyTimesQuery } from "./calendars/busy-times.js";
export type { AppleCredentials } from "./calendars/connect-apple.js";
export type { ConnectUrlInput, DisconnectInput, UserCalendars } from "./calendars/user-calendars.js";
export type { SyncResult } from "./calendars/sync.js";
export type { CalendarStatus, DisconnectedReason } from "./calendars/status.js";
export type {
  CalendarConnectionClient,
  CalendarEvents,
  InCalendar,
  TimeRange,
} from "./calendars/connection-calendars.js";
export type { DisconnectableProvider } from "./calendars/providers.js";
export type {
  Calendar,
  CalendarList,
  ConnectedCalendar,
  DestinationCalendar,
  Integration,
  IntegrationType,
} from "./api/endpoints/calendar-list.js";
export type {
  BusyTime,
  CalendarCredential,
  CalendarProvider,
  CalendarReference,
  OAuthProvider,
} from "./api/endpoints/calendars.js";
export type {
  CalendarConnection,
  CalendarEvent,
  CalendarEventInput,
  CalendarEventUpdate,
  EventAttendee,
  EventTime,
} from "./api/endpoints/connections.js";
export type { SelectedCalendar } from "./api/endpoints/selected-calendars.js";

export type {
  CheckConnectionOptions,
  CheckConnectionsOptions,
  CheckedConnection,
  ConnectionChange,
  ConnectionCheck,
  ConnectionChecksResult,
  ConnectionIdentity,
  ConnectionReason,
  ConnectionStatus,
  RememberedCalendar,
  RestoredCalendars,
} from "./connections/types.js";
export type { EnrollConnectionsOptions, EnrollConnectionsResult } from "./connections/enroll.js";

export type { ClaimProgress, ClaimUsersOptions } from "./users/claim-users.js";
export type { ManagedUserQuery, ManagedUsers } from "./users/managed-users.js";
export type {
  CreatedManagedUser,
  ManagedUser,
  ManagedUserInput,
  ManagedUserMetadata,
  ManagedUserUpdate,
  WeekDay,
} from "./api/endpoints/managed-users.js";
export type { UserProfile } from "./api/endpoints/profile.js";
export type { CalTokens } from "./api/endpoints/tokens.js";

export type { TokenRefreshInfo, TokenRefreshOutcome } from "./tokens/token-events.js";
export type { ReauthorizationInfo } from "./tokens/reauthorization.js";
export type { ReauthorizationReason } from "./tokens/details.js";
export type { TokenRecord, TokenStore, TokenWrite } from "./tokens/token-store.js";
export {
  encryptedTokenStore,
  type EncryptedTokenStoreOptions,
} from "./tokens/encryption/encrypted-token-store.js";
export { encryptionKeysFromEnv, type EncryptionKeys } from "./tokens/encryption/keys.js";
export {
  reencryptTokens,
  type ReencryptOptions,
  type ReencryptProgress,
} from "./tokens/encryption/reencrypt-tokens.js";
export { memoryTokenStore, type MemoryTokenStoreOptions } from "./stores/memory.js";
export type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "./stores/connection-store.js";
export { memoryConnectionStore, type MemoryConnectionStoreOptions } from "./stores/memory-connections.js";

export {
  CalApiError,
  CalError,
  CalLinkError,
  CalNetworkError,
  CalRateLimitError,
  CalSecretError,
  CalStoreError,
  CalTimeoutError,
  CalTokenError,
  CalUserInUseError,
  CalValidationError,
  isCalError,
  type AnyCalError,
  type CalApiErrorCode,
  type CalErrorCode,
  type CalErrorOptions,
  type CalLinkErrorCode,
  type CalRateLimit,
  type CalTokenErrorCode,
} from "./errors.js";
