import type { Client, State, User } from "../model/state.js";
import {
  deleteExpiredTokens,
  forceRefreshTokens,
  issueTokens,
  revokeTokens,
  type TokenPair,
} from "../model/tokens.js";
import { adviceOnIds, assertUserId } from "./assert.js";
import { createUser, deleteUser } from "../model/users.js";

/** A managed user, as the emulator holds it. A copy. */
export interface EmulatedUser {
  id: number;
  clientId: string;
  /** With `+clientId` before the `@`. */
  email: string;
  username: string;
  name: string | null;
  timeZone: string;
  createdAt: Date;
  metadata: Record<string, unknown> | null;
}

/** A pair of tokens, as the API answers it. */
export interface EmulatedTokens {
  accessToken: string;
  /** Milliseconds since 1970. */
  accessTokenExpiresAt: number;
  refreshToken: string;
  /** Milliseconds since 1970. */
  refreshTokenExpiresAt: number;
}

/** Looks behind the API at managed users and their tokens, and changes them behind the application's back. */
export interface EmulatedUsers {
  /** Makes a managed user of the default client, or of the given one, with a first pair of tokens. */
  create(
    user: { email: string; name: string; timeZone?: string; metadata?: Record<string, unknown> },
    options?: { clientId?: string },
  ): Promise<EmulatedUser & EmulatedTokens>;
  /** All managed users, of all clients. */
  list(): EmulatedUser[];
  /** One managed user, by its id at Cal.com. */
  get(id: number): EmulatedUser | undefined;
  /** Deletes the user, the tokens and the connected calendars. */
  delete(id: number): void;
  /** The tokens that exist, oldest first: also the expired ones that nobody has deleted yet. */
  tokens(id: number): { accessTokens: string[]; refreshTokens: string[] };
  /** A pair beside those the user has. */
  issueTokens(id: number): Promise<EmulatedTokens>;
  /** What `force-refresh` does: every other token of the user is dead. */
  forceRefresh(id: number): Promise<EmulatedTokens>;
  /**
   * All access tokens of the user have expired: 498 from now on.
   *
   * @param options.isCached - Cal.com's cache doesn't know yet: a token used before goes on working.
   */
  expireAccessTokens(id: number, options?: { isCached?: boolean }): void;
  /** All refresh tokens of the user have expired. Cal.com takes them all the same. */
  expireRefreshTokens(id: number): void;
  /** What any user's refresh does: expired access tokens are deleted, their 498 becomes a 401. */
  deleteExpiredTokens(clientId?: string): void;
  /** All tokens of the user are gone: 401, and the refresh token 400. Only `force-refresh` helps. */
  revokeTokens(id: number): void;
}

export function createUserTools(state: State, defaultClientId: string): EmulatedUsers {
  function userOf(id: number): User & { clientId: string } {
    const user = state.users.get(id);
    if (user?.clientId == null) {
      throw new Error(`The emulator has no managed user with the id ${id}. ${adviceOnIds}`);
    }
    return user as User & { clientId: string };
  }

  function clientOf(id: string): Client {
    const client = state.clients.get(id);
    if (!client) throw new Error(`The emulator has no client with the id ${id}.`);
    return client;
  }

  const copy = (user: User): EmulatedUser => ({
    id: user.id,
    clientId: user.clientId ?? "",
    email: user.email,
    username: user.username,
    name: user.name,
    timeZone: user.timeZone,
    createdAt: new Date(user.createdAt),
    metadata: user.metadata && { ...user.metadata },
  });

  const managed = (): User[] => [...state.users.values()].filter((user) => user.clientId !== null);

  const pairFor = async (
    id: number,
    make: (state: State, client: Client, user: User) => Promise<TokenPair>,
  ): Promise<TokenPair> => {
    const user = userOf(id);
    return make(state, clientOf(user.clientId), user);
  };

  function expire(table: State["accessTokens"], id: number): string[] {
    const mine = [...table.values()].filter((token) => token.userId === userOf(id).id);
    for (const token of mine) token.expiresAt = Math.min(token.expiresAt, state.clock.now());
    return mine.map((token) => token.value);
  }

  return {
    async create(input, { clientId = defaultClientId } = {}) {
      const { user, ...tokens } = await createUser(state, clientOf(clientId), { ...input });
      return { ...copy(user), ...tokens };
    },
    list: () => managed().map(copy),
    get(id) {
      assertUserId(id);
      const user = managed().find((one) => one.id === id);
      return user && copy(user);
    },
    delete: (id) => deleteUser(state, userOf(id)),
    tokens(id) {
      assertUserId(id);
      const of = (table: State["accessTokens"]): string[] =>
        [...table.values()].filter((token) => token.userId === id).map((token) => token.value);
      return { accessTokens: of(state.accessTokens), refreshTokens: of(state.refreshTokens) };
    },
    issueTokens: (id) => pairFor(id, issueTokens),
    forceRefresh: (id) => pairFor(id, forceRefreshTokens),
    expireAccessTokens(id, { isCached = false } = {}) {
      for (const value of expire(state.accessTokens, id)) if (!isCached) state.tokenCache.delete(value);
    },
    expireRefreshTokens: (id) => void expire(state.refreshTokens, id),
    deleteExpiredTokens: (clientId) => deleteExpiredTokens(state, clientId),
    revokeTokens: (id) => revokeTokens(state, userOf(id).id),
  };
}
