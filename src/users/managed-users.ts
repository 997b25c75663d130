import type { CallOptions, Send } from "../api/request.js";
import type {
  CreatedManagedUser,
  ManagedUser,
  ManagedUserInput,
  ManagedUserUpdate,
} from "../api/endpoints/managed-users.js";
import type { CalTokens } from "../api/endpoints/tokens.js";
import { CalApiError } from "../errors.js";
import { assertEmail, assertId, assertText } from "../lib/assert.js";
import { assertManagedUserInput, assertManagedUserUpdate } from "./user-input.js";
import { loadForManagedUsers } from "./parts.js";

/** Which managed users to list. */
export interface ManagedUserQuery {
  /** Only users with these addresses, as they were given when the users were created. */
  emails?: readonly string[] | undefined;
}

// Cal.com takes a limit of 1 to 250 and an offset of 0 to 250.
const PAGE = 250;
const MAX_OFFSET = 250;
// Keeps the URL well below the 8 kB that proxies take.
const MAX_EMAILS_LENGTH = 4_000;

/**
 * Cal.com's endpoints for managed users and their tokens, one method each, made as the OAuth client. They do
 * not touch the token store: for an application's own users, `cal.ensureUser()` and `cal.forUser()` do.
 */
export class ManagedUsers {
  readonly #send: Send;
  readonly #clientId: string;

  /** @internal */
  constructor(send: Send, clientId: string) {
    this.#send = send;
    this.#clientId = clientId;
  }

  /**
   * Creates a managed user. Not repeated once it has reached Cal.com: a 500 can leave the user behind, and `ensureUser()` is
   * the call that copes with that. It has no owner hash: `ensureUser()` adopts it only with `adoptUnowned`.
   * @throws {@link CalApiError} `conflict` (409): there is a user with this address, or whose user name, made
   * from the address, is the same.
   */
  async create(input: ManagedUserInput, options?: CallOptions): Promise<CreatedManagedUser> {
    assertManagedUserInput(input);
    const { createManagedUser, withoutOwnerHash } = await loadForManagedUsers();
    const { metadata } = input;
    const unowned = metadata ? { ...input, metadata: withoutOwnerHash(metadata) } : input;
    return createManagedUser(this.#send, this.#clientId, unowned, options);
  }

  /** One managed user, by Cal.com's id. */
  async get(managedUserId: number, options?: CallOptions): Promise<ManagedUser> {
    assertId("managedUserId", managedUserId);
    const { getManagedUser } = await loadForManagedUsers();
    return getManagedUser(this.#send, this.#clientId, managedUserId, options);
  }

  /**
   * All managed users of the OAuth client, or those with certain addresses. Requests page after page. Cal.com promises
   * no order, and returns only the first 500: then this throws, rather than end as if those were all.
   *
   * @throws {@link CalApiError} `list_limit` after 500 users: look the others up by `emails`.
   * @example
   * ```ts
   * for await (const user of cal.managedUsers.list()) console.log(user.id, user.email);
   * ```
   */
  list(query: ManagedUserQuery = {}, options?: CallOptions): AsyncIterable<ManagedUser> {
    const { emails } = query;
    emails?.forEach((email) => assertEmail(email));
    const pages = emails ? this.#pagesByEmail(emails, options) : this.#pages(options);
    return { [Symbol.asyncIterator]: () => eachOnce(pages()) };
  }

  /**
   * Changes the given fields and leaves the others. `metadata` is replaced as a whole, except for the owner hash
   * (`calbridgeUser`), by which `ensureUser()` finds its own users.
   */
  async update(
    managedUserId: number,
    update: ManagedUserUpdate,
    options?: CallOptions,
  ): Promise<ManagedUser> {
    assertId("managedUserId", managedUserId);
    assertManagedUserUpdate(update);
    const { assertRoomForOwnerHash, getManagedUser, keepingOwnerHash, updateManagedUser } =
      await loadForManagedUsers();
    assertRoomForOwnerHash(update.metadata);
    const { metadata } = update;
    if (metadata === undefined) {
      return updateManagedUser(this.#send, this.#clientId, managedUserId, update, options);
    }
    const current = await getManagedUser(this.#send, this.#clientId, managedUserId, options);
    const kept = { ...update, metadata: keepingOwnerHash(metadata, current) };
    return updateManagedUser(this.#send, this.#clientId, managedUserId, kept, options);
  }

  /**
   * Deletes the user at Cal.com, with its tokens and calendar connections. A `not_found` can also mean that an
   * earlier try did it and its response was lost.
   */
  async delete(managedUserId: number, options?: CallOptions): Promise<ManagedUser> {
    assertId("managedUserId", managedUserId);
    const { deleteManagedUser } = await loadForManagedUsers();
    return deleteManagedUser(this.#send, this.#clientId, managedUserId, options);
  }

  /**
   * Trades a refresh token for a new pair. Cal.com rotates both: the one used is gone, and so is the user's
   * connection if the response isn't stored. For users in the token store the client does it.
   */
  async refreshTokens(refreshToken: string, options?: CallOptions): Promise<CalTokens> {
    assertText("refreshToken", refreshToken);
    const { refreshTokens } = await loadForManagedUsers();
    return refreshTokens(this.#send, this.#clientId, refreshToken, options);
  }

  /**
   * Has a new pair issued without a refresh token. Every older token of the user is dead at once, also the
   * one in a consent page the user is looking at.
   */
  async forceRefreshTokens(managedUserId: number, options?: CallOptions): Promise<CalTokens> {
    assertId("managedUserId", managedUserId);
    const { forceRefreshTokens } = await loadForManagedUsers();
    return forceRefreshTokens(this.#send, this.#clientId, managedUserId, options);
  }

  #pagesByEmail(emails: readonly string[], options: CallOptions | undefined) {
    const [send, clientId] = [this.#send, this.#clientId];
    return async function* () {
      const { listManagedUsers } = await loadForManagedUsers();
      for (const some of inPieces(emails)) {
        yield await listManagedUsers(send, clientId, { emails: some, limit: PAGE }, options);
      }
    };
  }

  #pages(options: CallOptions | undefined) {
    const [send, clientId] = [this.#send, this.#clientId];
    return async function* () {
      const { listManagedUsers } = await loadForManagedUsers();
      for (let offset = 0; offset <= MAX_OFFSET; offset += PAGE) {
        const page = await listManagedUsers(send, clientId, { offset, limit: PAGE }, options);
        yield page;
        if (page.length < PAGE) return;
      }
      throw new CalApiError(
        "Cal.com lists the first 500 managed users only, and there may be more. Look the others up: list({ emails }).",
        { code: "list_limit" },
      );
    };
  }
}

/** The addresses in pieces that fit into a URL, and whose users fit into a page. */
function* inPieces(emails: readonly string[]): Generator<string[], void, undefined> {
  let piece: string[] = [];
  let length = 0;
  for (const email of emails) {
    const added = encodeURIComponent(`${email},`).length;
    if (piece.length === PAGE || (length > 0 && length + added > MAX_EMAILS_LENGTH)) {
      yield piece;
      [piece, length] = [[], 0];
    }
    piece.push(email);
    length += added;
  }
  if (piece.length > 0) yield piece;
}

/** The users of all pages. Without a promised order, one that moves between two pages would come twice. */
async function* eachOnce(pages: AsyncIterable<ManagedUser[]>): AsyncGenerator<ManagedUser, void, undefined> {
  const seen = new Set<number>();
  for await (const page of pages) {
    for (const user of page) {
      if (!seen.has(user.id)) yield user;
      seen.add(user.id);
    }
  }
}
