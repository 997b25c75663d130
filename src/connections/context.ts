import type { Logger } from "../api/hooks.js";
import type { UserContext } from "../users/context.js";
import type { StateStore } from "./state-store.js";
import type { ConnectionChange } from "./types.js";

/** What checks need of the client. */
export interface ConnectionsContext {
  users: UserContext;
  store: StateStore;
  onConnectionChange: ((change: ConnectionChange) => unknown) | undefined;
  logger: Logger | undefined;
}
