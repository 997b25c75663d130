import type { Send } from "../api/request.js";
import type { Transport } from "../api/transport.js";
import type { CheckedStore } from "../tokens/checked-store.js";
import type { TokenManager } from "../tokens/token-manager.js";

/** What a user needs of the client's options. */
export interface UserOptions {
  managedUsers: { clientId: string; adoptUnowned: boolean };
  timeoutMs: number;
  connectMinTtlMs: number;
  waitUntil: (work: Promise<unknown>) => void;
  warn: (message: string, fields: object) => void;
}

/** What the users of one client share. */
export interface UserContext {
  options: UserOptions;
  transport: Transport;
  sendAsClient: Send;
  store: CheckedStore;
  tokens: TokenManager;
}
