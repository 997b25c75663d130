import type {
  ConnectionState,
  ConnectionStateWrite,
  ConnectionStore,
} from "../../stores/connection-store.js";
import { show } from "./assertions.js";

/** A connection store broke a rule of the contract. The message says which, and what the store did instead. */
export class ConnectionStoreContractError extends Error {
  override readonly name = "ConnectionStoreContractError";
}

/** What a case works with. */
export interface ConnectionCaseContext {
  store: ConnectionStore;
  /** Lets time pass on the store's clock. */
  advance: (ms: number) => Promise<void>;
  /** A user id that no other case and no other run uses. The case's users are deleted when it ends. */
  userId: (name: string) => string;
}

/** A rule, in words, and what shows that a store keeps it. */
export interface ConnectionRule {
  name: string;
  check: (context: ConnectionCaseContext) => Promise<void>;
}

/** Due now, whatever the store's clock says, and before the users of an application. */
export const LONG_AGO = 1_000;
/** Not due, whatever the store's clock says. */
export const FAR_AWAY = Date.UTC(2300, 0);

/** Fails the case unless the condition holds. */
export function ensure(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new ConnectionStoreContractError(broken);
}

/** A user's state. */
export function stateOf(
  userId: string,
  dueAt = FAR_AWAY,
  details: string | null = "{}",
): ConnectionStateWrite {
  return { userId, details, dueAt: new Date(dueAt) };
}

/** Writes over the current state, if there is one; fails the case if the store says that the condition failed. */
export async function put(store: ConnectionStore, state: ConnectionStateWrite): Promise<ConnectionState> {
  const current = await store.get(state.userId);
  const written = await store.set(state, { ifVersion: current?.version ?? null });
  ensure(
    written !== null,
    `set returned null for the user id ${show(state.userId)}, though ifVersion was what get had just returned`,
  );
  return written;
}

/** Fails the case unless the state contains exactly what was written, and a version. */
export function ensureState(
  state: ConnectionState | null,
  written: ConnectionStateWrite,
  source: string,
): asserts state is ConnectionState {
  ensure(state !== null, `${source} returned null instead of the state of ${show(written.userId)}`);
  for (const field of ["userId", "details", "dueAt"] as const) {
    const [is, should] = [show(state[field]), show(written[field])];
    ensure(
      is === should,
      `${source} returned ${field} ${is} instead of ${should} for ${show(written.userId)}`,
    );
  }
  ensure(Number.isSafeInteger(state.version), `${source} returned the version ${show(state.version)}`);
}

/** Claims until no user is due, and returns those of the given users who were claimed, in that order. */
export async function claimAll(
  store: ConnectionStore,
  userIds: readonly string[],
  { leaseMs, limit = 25 }: { leaseMs: number; limit?: number },
): Promise<ConnectionState[]> {
  const claimed: ConnectionState[] = [];
  for (;;) {
    const page = await store.claimDue({ limit, leaseMs });
    ensure(page.length <= limit, `claimDue returned ${page.length} users for the limit ${limit}`);
    if (page.length === 0) return claimed;
    claimed.push(...page.filter(({ userId }) => userIds.includes(userId)));
  }
}
