import { CalTokenError } from "../errors.js";
import type { CalendarList } from "../api/endpoints/calendar-list.js";
import type { Send } from "../api/request.js";
import type { Transport } from "../api/transport.js";
import type { DisconnectableProvider } from "../calendars/providers.js";
import type { Telemetry } from "../lib/telemetry.js";
import type { CheckedStore } from "../tokens/checked-store.js";
import type { TokenManager } from "../tokens/token-manager.js";

/** What a user needs of the client's options. */
interface UserOptions {
  managedUsers: { clientId: string; adoptUnowned: boolean } | undefined;
  oauth: { clientId: string; scopes: readonly string[] } | undefined;
  newUsers: "managed" | "oauth";
  now: () => number;
  baseUrl: string;
  timeoutMs: number;
  connectMinTtlMs: number;
  waitUntil: (work: Promise<unknown>) => void;
  warn: (message: string, fields: object) => void;
  telemetry?: Telemetry | undefined;
}

/** Where users' calls report what they see of connections. Those that return nothing do their work in the background. */
export interface ConnectionReports {
  /** A calendar was connected, disconnected or chosen. */
  changed(userId: string): void;
  saw(userId: string, list: CalendarList): void;
  /** Cal.com's check says that a provider's connection does not work. */
  failed(userId: string, provider: DisconnectableProvider): void;
  /** Cal.com no longer has the user's account, or no longer accepts the link to it. */
  lost(userId: string): void;
  /** The user has left. */
  forget(userId: string): Promise<void>;
  /** The user has another id. Never rejects. */
  moved(from: string, to: string): Promise<void>;
  /** Waits for the reports that are being carried out. Never rejects. */
  settled(): Promise<unknown>;
}

/** What the users of one client share. */
export interface UserContext {
  /** `undefined` for a client without a connection store. */
  connections?: ConnectionReports | undefined;
  options: UserOptions;
  transport: Transport;
  sendAsClient: Send;
  store: CheckedStore;
  tokens: TokenManager;
}

/** The platform client of managed users. */
export function platformClientOf({ options }: UserContext): { clientId: string; adoptUnowned: boolean } {
  if (options.managedUsers) return options.managedUsers;
  throw new CalTokenError(
    "This is for managed users, and the client has no option `managedUsers`.",
    "unsupported_for_grant",
  );
}
