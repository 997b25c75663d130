import { CalStoreError, isCalError } from "../errors.js";
import { within } from "../lib/deadline.js";
import { redactError } from "../lib/redact.js";
import type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "../stores/connection-store.js";

// Longer than a pool usually lets a query wait for a connection.
const MAX_CALL_MS = 30_000;

/** The application's connection store. Whatever a driver throws is rejected as a {@link CalStoreError}. */
export class StateStore implements ConnectionStore {
  readonly #store: ConnectionStore;

  constructor(store: ConnectionStore) {
    this.#store = store;
  }

  async get(userId: string): Promise<ConnectionState | null> {
    const state = await run("get", this.#store.get(userId));
    return state && this.#own(state, userId);
  }

  async set(
    state: ConnectionStateWrite,
    options: { ifVersion: number | null },
  ): Promise<ConnectionState | null> {
    const written = await run("set", this.#store.set(state, options));
    return written && this.#own(written, state.userId);
  }

  claimDue(options: { limit: number; leaseMs: number }): Promise<ConnectionState[]> {
    return run("claimDue", this.#store.claimDue(options));
  }

  makeDue(userId: string): Promise<void> {
    return run("makeDue", this.#store.makeDue(userId));
  }

  delete(userId: string): Promise<void> {
    return run("delete", this.#store.delete(userId));
  }

  // A crossed connection, or a column that ignores letter case: what is told would be another user's.
  #own(state: ConnectionState, userId: string): ConnectionState {
    if (state.userId === userId) return state;
    throw new CalStoreError("The connection store returned another user's state.");
  }
}

async function run<T>(method: string, work: Promise<T>): Promise<T> {
  try {
    return await within(work, { time: { ms: MAX_CALL_MS, message: `${method}() took too long.` } });
  } catch (error) {
    if (isCalError(error) && error.code !== "timeout") throw error;
    throw new CalStoreError(`The connection store's ${method}() failed. Nothing was lost; try again.`, {
      cause: redactError(error),
    });
  }
}
