import { CalStoreError } from "../errors.js";
import { callStore } from "../lib/store-call.js";
import { traced, type Telemetry } from "../lib/telemetry.js";
import type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "../stores/connection-store.js";

/** The application's connection store. Whatever a driver throws is rejected as a {@link CalStoreError}. */
export class StateStore implements ConnectionStore {
  readonly #store: ConnectionStore;
  readonly #telemetry: Telemetry | undefined;

  constructor(store: ConnectionStore, telemetry: Telemetry | undefined) {
    this.#store = store;
    this.#telemetry = telemetry;
  }

  async get(userId: string): Promise<ConnectionState | null> {
    const state = await this.#run("get", () => this.#store.get(userId));
    return state && this.#own(state, userId);
  }

  async set(
    state: ConnectionStateWrite,
    options: { ifVersion: number | null },
  ): Promise<ConnectionState | null> {
    const written = await this.#run("set", () => this.#store.set(state, options));
    return written && this.#own(written, state.userId);
  }

  claimDue(options: { limit: number; leaseMs: number }): Promise<ConnectionState[]> {
    return this.#run("claimDue", () => this.#store.claimDue(options));
  }

  makeDue(userId: string): Promise<void> {
    return this.#run("makeDue", () => this.#store.makeDue(userId));
  }

  delete(userId: string): Promise<void> {
    return this.#run("delete", () => this.#store.delete(userId));
  }

  #run<T>(method: string, work: () => Promise<T>): Promise<T> {
    return callStore(`connection store's ${method}()`, [], () =>
      traced(this.#telemetry, { kind: "connection_store", method }, work),
    );
  }

  // A crossed connection, or a column that ignores letter case: the hook would get another user's changes.
  #own(state: ConnectionState, userId: string): ConnectionState {
    if (state.userId === userId) return state;
    throw new CalStoreError("The connection store returned another user's state.");
  }
}
