const WINDOW_MS = 10 * 60_000;
const MIN_REFUSED_USERS = 5;
// A fault is over by then. Users whose consent was really ended are told, though there are many of them.
const MAX_DOUBT_MS = 60 * 60_000;
const MAX_SEEN_USERS = 1000;

/**
 * Many users refused at once are a sign of a fault at Cal.com or of another program that refreshes the same tokens, and
 * not of users who took their consent back.
 *
 * The first four users of such a fault are marked before it is seen, in each process: a user who is really refused must
 * be told at once, and one refusal looks like the other. Their marks do no lasting harm: the tokens are kept and tried
 * again after a minute, and a success removes the mark. A wrong base URL marks no user: a server that does not know the
 * client refuses the client, not the refresh token, and what is no Cal.com has no such refusal at all.
 *
 * The doubt about a user ends after an hour of refusals: consents can end for many users at once.
 */
export class RefusalGuard {
  readonly #refused = new Map<string, number>();
  /** When a refusal was first doubted, by user. */
  readonly #doubted = new Map<string, number>();
  readonly #issued = new Map<string, number>();
  #doubtedAt = Number.NEGATIVE_INFINITY;

  issued(userId: string, now: number): void {
    this.#refused.delete(userId);
    this.#doubted.delete(userId);
    this.#issued.set(userId, now);
    if (this.#issued.size > MAX_SEEN_USERS) this.#forgetOld(now);
  }

  /** Notes a refusal. Returns a doubt if it is one of many; `isNew` for the first one of a series. */
  refused(userId: string, now: number): { isNew: boolean } | null {
    this.#issued.delete(userId);
    this.#refused.set(userId, now);
    this.#forgetOld(now);
    if (this.#refused.size < MIN_REFUSED_USERS || this.#refused.size <= this.#issued.size) return null;
    const isNew = now - this.#doubtedAt > WINDOW_MS;
    // A doubt of an earlier fault says nothing of this one.
    if (isNew) this.#doubted.clear();
    const doubtedSince = this.#doubted.get(userId) ?? now;
    if (now - doubtedSince >= MAX_DOUBT_MS) return null;
    this.#doubted.set(userId, doubtedSince);
    this.#doubtedAt = now;
    return { isNew };
  }

  #forgetOld(now: number): void {
    for (const seen of [this.#refused, this.#issued]) {
      for (const [id, at] of seen) if (now - at > WINDOW_MS) seen.delete(id);
    }
    // The oldest go first.
    for (const seen of [this.#issued, this.#doubted]) {
      for (const id of seen.keys()) {
        if (seen.size <= MAX_SEEN_USERS) break;
        seen.delete(id);
      }
    }
  }
}
