import type { Logger } from "../api/hooks.js";
import { isCalError } from "../errors.js";
import type { ConnectionStore } from "../stores/connection-store.js";
import type { UserContext } from "../users/context.js";
import { checkDue } from "./check-due.js";
import { checkUser } from "./check-user.js";
import type { ConnectionsContext } from "./context.js";
import { describeState } from "./describe.js";
import { enroll, type EnrollConnectionsOptions, type EnrollConnectionsResult } from "./enroll.js";
import { StateStore } from "./state-store.js";
import type {
  CheckConnectionOptions,
  CheckConnectionsOptions,
  ConnectionChange,
  ConnectionCheck,
  ConnectionChecksResult,
} from "./types.js";
import { parseState } from "./user-state.js";
import { ConnectionWatcher } from "./watcher.js";

/** What a client with a connection store does with it. */
export interface Connections {
  store: StateStore;
  watcher: ConnectionWatcher;
  checkOne(userId: string, options: CheckConnectionOptions): Promise<ConnectionCheck>;
  checkDue(options: CheckConnectionsOptions): Promise<ConnectionChecksResult>;
  /** Makes no request. */
  lastCheck(userId: string): Promise<ConnectionCheck | null>;
  enroll(options: EnrollConnectionsOptions): Promise<EnrollConnectionsResult>;
  /** Gives what is remembered of a user to the same person's new id. */
  move(from: string, to: string): Promise<void>;
}

/** Loaded when it is first needed: an application without a connection store never does. */
export function createConnections({
  users,
  connectionStore,
  onConnectionChange,
  logger,
}: {
  users: UserContext;
  connectionStore: ConnectionStore;
  onConnectionChange: ((change: ConnectionChange) => unknown) | undefined;
  logger: Logger | undefined;
}): Connections {
  const store = new StateStore(connectionStore, users.options.telemetry);
  const context: ConnectionsContext = { users, store, onConnectionChange, logger };
  return {
    store,
    watcher: new ConnectionWatcher(store, users.options.now),
    checkOne: (userId, options) => checkOne(context, userId, options),
    checkDue: (options) => checkDue(context, options),
    enroll: (options) => enroll(context, options),
    move: (from, to) => move(context, from, to),
    lastCheck: async (userId) => {
      const stored = await store.get(userId);
      const state = parseState(stored?.details ?? null);
      return state && describeState(userId, state);
    },
  };
}

async function move({ store, users }: ConnectionsContext, from: string, to: string): Promise<void> {
  const [before, there] = [await store.get(from), await store.get(to)];
  if (!before) return store.makeDue(to);
  const dueAt = new Date(users.options.now());
  // Its changes that were not reported yet are reported with the new id, and its calendars are restored.
  const write = { userId: to, details: before.details, dueAt };
  await store.set(write, { ifVersion: there?.version ?? null });
  await store.delete(from);
}

async function checkOne(
  context: ConnectionsContext,
  userId: string,
  options: CheckConnectionOptions,
): Promise<ConnectionCheck> {
  try {
    const { state } = await checkUser(context, userId, options);
    return describeState(userId, state);
  } catch (error) {
    // The user has left the application.
    if (isCalError(error) && error.code === "user_not_found") await context.store.delete(userId);
    throw error;
  }
}
