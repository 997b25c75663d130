import { CalTokenError } from "../errors.js";
import type { Send } from "../api/request.js";
import type { Transport } from "../api/transport.js";
import type { Telemetry } from "../lib/telemetry.js";
import type { CheckedStore } from "../tokens/checked-store.js";
import type { TokenManager } from "../tokens/token-manager.js";

/** What a user needs of the client's options. */
interface UserOptions {
  managedUsers: { clientId: string; adoptUnowned: boolean } | undefined;
  oauth: { clientId: string; scopes: readonly string[] } | undefined;
  newUsers: "managed" | "oauth";
  now: () => number;
  timeoutMs: number;
  connectMinTtlMs: number;
  waitUntil: (work: Promise<unknown>) => void;
  warn: (message: string, fields: object) => void;
  telemetry?: Telemetry | undefined;
}

/** What the users of one client share. */
export interface UserContext {
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
