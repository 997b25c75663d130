/**
 * For tests: an emulator of Cal.com, and the rules of a token store as cases.
 *
 * @module calbridge/testing
 */
export { createCalEmulator } from "./emulator/create-cal-emulator.js";
export type { CalEmulator, CalEmulatorOptions, ListeningEmulator } from "./emulator/create-cal-emulator.js";
export type {
  ConsentProvider,
  EmulatorAccount,
  EmulatorAccounts,
  EmulatorCalendar,
  EmulatorEvent,
  EmulatorProvider,
} from "./emulator/accounts.js";
export type { CredentialMatch, EmulatedCalendars, EmulatedCredential } from "./emulator/calendar-tools.js";
export type { EmulatorClock } from "./emulator/clock.js";
export type { Fault, FaultEffect, FaultHandle } from "./emulator/faults.js";
export type { EmulatorRateLimits } from "./emulator/limits.js";
export type { LoggedRequest, RequestMatch } from "./emulator/log.js";
export type { EmulatorOAuth2Client } from "./emulator/oauth2-tokens.js";
export type { EmulatedOAuth2, OAuth2Authorization } from "./emulator/oauth2-tools.js";
export type {
  AuthorizeOptions,
  AuthorizeResult,
  AuthorizeStop,
  EmulatedProviders,
} from "./emulator/provider-tools.js";
export type { EmulatorClient } from "./emulator/state.js";
export type { EmulatorFetch } from "./emulator/transport.js";
export type { EmulatedTokens, EmulatedUser, EmulatedUsers } from "./emulator/user-tools.js";

export {
  tokenStoreContract,
  TokenStoreContractError,
  type ContractCase,
  type MakeTokenStore,
  type TokenStoreContractOptions,
  type TokenStoreHarness,
} from "./token-store-contract.js";
export {
  serveTokenStore,
  tokenStoreProcessContract,
  type StoreProcess,
  type TokenStoreProcessContractOptions,
} from "./token-store-processes.js";
