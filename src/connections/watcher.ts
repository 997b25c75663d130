import type { CalendarList } from "../api/endpoints/calendar-list.js";
import { providers, type DisconnectableProvider } from "../calendars/providers.js";
import { noMarks } from "./marks.js";
import { toSeenList } from "./seen.js";
import type { StateStore } from "./state-store.js";
import { parseState, type UserState } from "./user-state.js";

// An open page asks for the status again and again.
const COMPARE_EVERY_MS = 60_000;
const MAX_USERS = 10_000;

/** What the application's own calls see of a user's connections. It writes no status: it makes the user due for a check. */
export class ConnectionWatcher {
  readonly #store: StateStore;
  readonly #now: () => number;
  /** What was last compared for a user, and when. */
  readonly #compared = new Map<string, { what: string; at: number }>();

  constructor(store: StateStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** A calendar was connected, disconnected or chosen. */
  async changed(userId: string): Promise<void> {
    this.#compared.delete(userId);
    await this.#store.makeDue(userId);
  }

  /** A list was read. Makes the user due if it differs from what is remembered. */
  async saw(userId: string, list: CalendarList): Promise<void> {
    const { connections } = await toSeenList(list, noMarks);
    const what = JSON.stringify(connections.map(({ key, verdict }) => [key, verdict.status]));
    await this.#compare(userId, what, ({ connections: known }) => {
      const present = known.filter(({ status }) => status !== "gone");
      const isKnown = connections.every(({ key, verdict }) =>
        present.some(
          (one) =>
            one.key === key &&
            // Cal.com's list does not show its mark "invalid": such a connection looks connected.
            (isWorking(one.status) === isWorking(verdict.status) || one.reason === "invalid_credentials"),
        ),
      );
      return !isKnown || present.length !== connections.length;
    });
  }

  /** Cal.com's check says that a provider's connection does not work. */
  async failed(userId: string, provider: DisconnectableProvider): Promise<void> {
    const { integration } = providers[provider];
    await this.#compare(userId, provider, ({ connections }) =>
      connections.every((known) => known.integration !== integration || isWorking(known.status)),
    );
  }

  /** A call says that Cal.com no longer has the account, or no longer accepts the link to it. */
  async lost(userId: string): Promise<void> {
    await this.#compare(userId, "lost", ({ calAccount }) => calAccount.status !== "broken");
  }

  async #compare(userId: string, what: string, isNews: (state: UserState) => boolean): Promise<void> {
    const at = this.#now();
    const last = this.#compared.get(userId);
    if (last?.what === what && at - last.at < COMPARE_EVERY_MS) return;
    if (this.#compared.size >= MAX_USERS) this.#compared.clear();
    this.#compared.set(userId, { what, at });
    const stored = await this.#store.get(userId);
    const state = parseState(stored?.details ?? null);
    if (!state || isNews(state)) await this.#store.makeDue(userId);
  }
}

function isWorking(status: string): boolean {
  return status === "connected";
}
