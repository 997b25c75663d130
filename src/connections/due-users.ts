import type { ConnectionState } from "../stores/connection-store.js";
import type { ConnectionsContext } from "./context.js";
import { CLAIM_MS } from "./intervals.js";

/** The users who are due, claimed a few at a time. */
export class DueUsers {
  readonly #context: ConnectionsContext;
  readonly #batch: number;
  #left: number;
  #claimed: ConnectionState[] = [];
  #claiming: Promise<void> | undefined;
  /** Whether no user was due at the last look. */
  isEmpty = false;

  constructor(context: ConnectionsContext, { limit, batch }: { limit: number; batch: number }) {
    this.#context = context;
    this.#batch = batch;
    this.#left = limit;
  }

  /** Whether the limit is not reached yet, and a user may be due. */
  get mayHaveMore(): boolean {
    return this.#claimed.length > 0 || (this.#left > 0 && !this.isEmpty);
  }

  async next(): Promise<ConnectionState | undefined> {
    while (this.#claimed.length === 0 && this.mayHaveMore) {
      this.#claiming ??= this.#claim().finally(() => (this.#claiming = undefined));
      await this.#claiming;
    }
    return this.#claimed.shift();
  }

  /** Users who were claimed and not checked are due at once. */
  async giveBack(claimed: ConnectionState): Promise<void> {
    const { userId, details, version } = claimed;
    this.isEmpty = false;
    const dueAt = new Date(this.#context.users.options.now());
    await this.#context.store.set({ userId, details, dueAt }, { ifVersion: version });
  }

  async giveBackAll(): Promise<void> {
    for (const claimed of this.#claimed.splice(0)) await this.giveBack(claimed);
  }

  async #claim(): Promise<void> {
    const limit = Math.min(this.#batch, this.#left);
    const claimed = await this.#context.store.claimDue({ limit, leaseMs: CLAIM_MS });
    this.#left -= claimed.length;
    this.#claimed.push(...claimed);
    this.isEmpty = claimed.length === 0;
  }
}
