/**
 * For tests: an emulator of Cal.com, and the rules of a token store as cases.
 *
 * @module calbridge/testing
 */
export { createCalEmulator } from "./emulator/create-cal-emulator.js";
export type {
  CalEmulator,
  EmulatedProviders,
  EmulatorClientOptions,
  ListeningEmulator,
  ListenOptions,
} from "./emulator/create-cal-emulator.js";
export type { CalEmulatorOptions, EmulatorOAuth2Options } from "./emulator/emulator-options.js";
export type {
  ConsentProvider,
  EmulatorAccount,
  EmulatorAccounts,
  EmulatorCalendar,
  EmulatorEvent,
  EmulatorProvider,
} from "./emulator/model/accounts.js";
export type {
  CredentialMatch,
  EmulatedCalendars,
  EmulatedCredential,
} from "./emulator/controls/calendars.js";
export type { EmulatorClock } from "./emulator/model/clock.js";
export type { Fault, FaultEffect, FaultHandle } from "./emulator/model/faults.js";
export type { EmulatorRateLimits } from "./emulator/http/rate-limits.js";
export type { GrantType, LoggedRequest, RequestMatch } from "./emulator/model/request-log.js";
export type { EmulatorOAuth2Client, OAuth2ClientStatus, OAuth2Mode } from "./emulator/model/oauth2-state.js";
export type { AuthorizeReason } from "./emulator/model/oauth2-authorize.js";
export type { EmulatorPerson } from "./emulator/model/people.js";
export type { EmulatedOAuth2 } from "./emulator/controls/oauth2.js";
export type {
  OAuth2Authorize,
  OAuth2AuthorizeOptions,
  OAuth2AuthorizeResult,
} from "./emulator/controls/oauth2-authorize.js";
export type { EmulatedOAuth2Client, EmulatedOAuth2Clients } from "./emulator/controls/oauth2-clients.js";
export type {
  EmulatedOAuth2Tokens,
  OAuth2Grant,
  OAuth2TokenControls,
  OAuth2TokenMatch,
} from "./emulator/controls/oauth2-tokens.js";
export type { EmulatedPeople, EmulatedPerson } from "./emulator/controls/people.js";
export type {
  AuthorizeOptions,
  AuthorizeResult,
  AuthorizeStop,
  ConsentWalk,
} from "./emulator/consent/walk.js";
export type { ProviderControls } from "./emulator/controls/providers.js";
export type { EmulatorClient } from "./emulator/model/state.js";
export type { EmulatorFetch } from "./emulator/http/fetch.js";
export type { EmulatedTokens, EmulatedUser, EmulatedUsers } from "./emulator/controls/users.js";

export {
  tokenStoreContract,
  TokenStoreContractError,
  type ContractCase,
  type MakeTokenStore,
  type TokenStoreContractOptions,
  type TokenStoreHarness,
} from "./contract/token-store-contract.js";
export {
  connectionStoreProcessContract,
  serveConnectionStore,
  type ConnectionStoreProcessContractOptions,
} from "./contract/connection-store-processes.js";
export {
  connectionStoreContract,
  ConnectionStoreContractError,
  type ConnectionStoreHarness,
  type MakeConnectionStore,
} from "./contract/connection-store-contract.js";
export {
  serveTokenStore,
  tokenStoreProcessContract,
  type StoreProcess,
  type TokenStoreProcessContractOptions,
} from "./contract/token-store-processes.js";
