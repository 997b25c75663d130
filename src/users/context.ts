import type { ResolvedOptions } from "../client-options.js";
import type { Transport } from "../api/transport.js";
import type { Send } from "../api/request.js";
import type { CheckedStore } from "../tokens/checked-store.js";
import type { TokenManager } from "../tokens/token-manager.js";

/** What the users of one client share. */
export interface UserContext {
  options: ResolvedOptions;
  transport: Transport;
  sendAsClient: Send;
  store: CheckedStore;
  tokens: TokenManager;
}
