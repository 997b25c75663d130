import { CalStoreError } from "../errors.js";
import { callStore } from "../lib/store-call.js";
import type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "../stores/connection-store.js";

/** The application's connection store. Whatever a driver throws is rejected as a {@link CalStoreError}. */
export class StateStore implements ConnectionStore {
  readonly #store: ConnectionStore;

  constructor(store: ConnectionStore) {
    this.#store = store;
  }

  async get(userId: string): Promise<ConnectionState | null> {
    const state = await run("get", () => this.#store.get(userId));
    return state && this.#own(state, userId);
  }

  async set(
    state: ConnectionStateWrite,
    options: { ifVersion: number | null },
  ): Promise<ConnectionState | null> {
    const written = await run("set", () => this.#store.set(state, options));
    return written && this.#own(written, state.userId);
  }

  claimDue(options: { limit: number; leaseMs: number }): Promise<ConnectionState[]> {
    return run("claimDue", () => this.#store.claimDue(options));
  }

  makeDue(userId: string): Promise<void> {
    return run("makeDue", () => this.#store.makeDue(userId));
  }

  delete(userId: string): Promise<void> {
    return run("delete", () => this.#store.delete(userId));
  }

  // A crossed connection, or a column that ignores letter case: what is told would be another user's.
  #own(state: ConnectionState, userId: string): ConnectionState {
    if (state.userId === userId) return state;
    throw new CalStoreError("The connection store returned another user's state.");
  }
}

function run<T>(method: string, work: () => Promise<T>): Promise<T> {
  return callStore(`connection store's ${method}()`, [], work);
}
