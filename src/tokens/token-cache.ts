import type { TokenRecord } from "./token-store.js";

/** The records last used, up to a number of users: the least recently used go first. */
export class TokenCache {
  readonly #maxUsers: number;
  // A Map keeps the order of insertion, so its first key is the least recently used.
  readonly #records = new Map<string, TokenRecord>();

  /** With 0 it keeps nothing. */
  constructor(maxUsers: number) {
    this.#maxUsers = maxUsers;
  }

  get(userId: string): TokenRecord | undefined {
    const record = this.#records.get(userId);
    if (record) {
      this.#records.delete(userId);
      this.#records.set(userId, record);
    }
    return record;
  }

  set(record: TokenRecord): void {
    this.#records.delete(record.userId);
    this.#records.set(record.userId, record);
    if (this.#records.size > this.#maxUsers) {
      for (const oldest of this.#records.keys()) {
        this.#records.delete(oldest);
        break;
      }
    }
  }

  delete(userId: string): void {
    this.#records.delete(userId);
  }
}
