import type { ManagedUserInput } from "../api/endpoints/managed-users.js";
import type { CallOptions } from "../api/request.js";
import { SingleFlight } from "../lib/single-flight.js";
import { detailsOf } from "../tokens/details.js";
import { userNotFound } from "../tokens/token-record.js";
import type { UserContext } from "./context.js";
import type { FirstUse } from "./first-use.js";
import { loadForManagedUsers } from "./parts.js";

/** Gives application users their record: one at a time for each user of this process. */
export class EnsuredUsers {
  readonly #context: UserContext;
  /** Users that this process is creating. */
  readonly #ensuring: SingleFlight<void>;
  #firstUse: FirstUse | undefined;

  constructor(context: UserContext) {
    this.#context = context;
    this.#ensuring = new SingleFlight(context.options.waitUntil);
  }

  /** The user has a record afterwards. Of several calls at once, one does the work. */
  ensure(userId: string, input: ManagedUserInput, options: CallOptions): Promise<void> {
    return this.#ensuring.join(userId, () => this.#ensure(userId, input, options));
  }

  settled(): Promise<void> {
    return this.#ensuring.settled();
  }

  async #ensure(userId: string, input: ManagedUserInput, options: CallOptions): Promise<void> {
    const { store, tokens, options: client } = this.#context;
    const { newUsers, managedUsers } = client;
    // Not the cache: another process may have deleted the user.
    const record = await store.get(userId);
    if (!record) {
      tokens.forget(userId);
      if (newUsers === "oauth") {
        throw userNotFound(
          "This user has not linked a Cal.com account. Send the browser to cal.oauth.authorizationUrl().",
        );
      }
      const { createUser } = await loadForManagedUsers();
      await createUser(this.#context, userId, input, options);
      this.#context.connections?.changed(userId);
      return;
    }
    const { grant, isOwned } = detailsOf(record);
    if (!managedUsers || grant !== "managed" || isOwned) return;
    const { FirstUse } = await loadForManagedUsers();
    this.#firstUse ??= new FirstUse();
    await this.#firstUse.claim(this.#context, record, options);
  }
}
