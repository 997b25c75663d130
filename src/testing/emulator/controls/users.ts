import type { Client, State, User } from "../model/state.js";
import {
  deleteExpiredTokens,
  forceRefreshTokens,
  issueTokens,
  revokeTokens,
  type TokenPair,
} from "../model/tokens.js";
import { createUser, deleteUser } from "../model/users.js";
import { adviceOnIds, assertFields, assertUserId } from "../model/assert.js";

/** A managed user. A copy. */
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

/** A pair of tokens, as the API returns it. */
export interface EmulatedTokens {
  accessToken: string;
  /** Milliseconds since 1970. */
  accessTokenExpiresAt: number;
  refreshToken: string;
  /** Milliseconds since 1970. */
  refreshTokenExpiresAt: number;
}

/** Reads and changes managed users and their tokens, without the API. */
export interface EmulatedUsers {
  /** Creates a managed user of the default client, or of the given one, with a first pair of tokens. */
  create(
    user: {
      email: string;
      name: string;
      timeZone?: string | undefined;
      metadata?: Record<string, unknown> | undefined;
    },
    options?: { clientId?: string | undefined },
  ): Promise<EmulatedUser & EmulatedTokens>;
  /** All managed users, of all clients. */
  list(): EmulatedUser[];
  /** A managed user by Cal.com's id. */
  get(id: number): EmulatedUser | undefined;
  /** Deletes the user, their tokens and their connected calendars. */
  delete(id: number): void;
  /** The tokens in Cal.com's database, oldest first. Includes expired ones that no refresh has deleted yet. */
  tokens(id: number): { accessTokens: string[]; refreshTokens: string[] };
  /** Issues a further pair. */
  issueTokens(id: number): Promise<EmulatedTokens>;
  /** A force-refresh: ends all other tokens of the user. */
  forceRefresh(id: number): Promise<EmulatedTokens>;
  /**
   * Expires all access tokens of the user: 498 from now on.
   *
   * @param options.isCached - Cal.com still has them in its cache: a token that was used before still works.
   */
  expireAccessTokens(id: number, options?: { isCached?: boolean | undefined }): void;
  /** Expires all refresh tokens of the user. Cal.com doesn't check, so they still work. */
  expireRefreshTokens(id: number): void;
  /** Deletes expired access tokens, as any user's refresh does: their 498 becomes a 401. */
  deleteExpiredTokens(clientId?: string): void;
  /** Deletes all tokens of the user: 401, and 400 for the refresh token. Only a force-refresh helps. */
  revokeTokens(id: number): void;
}

export function createUserControls(state: State, defaultClientId: string): EmulatedUsers {
  function requireUser(id: number): User & { clientId: string } {
    const user = state.users.get(id);
    if (user?.kind === "managed") return user as User & { clientId: string };
    throw new Error(`The emulator has no managed user with the id ${id}. ${adviceOnIds}`);
  }

  function requireClient(id: string): Client {
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

  const managedUsers = (): User[] => [...state.users.values()].filter((user) => user.kind === "managed");

  const pairFor = async (
    id: number,
    issue: (state: State, client: Client, user: User) => Promise<TokenPair>,
  ): Promise<TokenPair> => {
    const user = requireUser(id);
    return issue(state, requireClient(user.clientId), user);
  };

  function expire(table: State["accessTokens"], id: number): string[] {
    const { id: userId } = requireUser(id);
    const tokens = [...table.values()].filter((token) => token.userId === userId);
    for (const token of tokens) token.expiresAt = Math.min(token.expiresAt, state.clock.now());
    return tokens.map((token) => token.value);
  }

  return {
    async create(input, options = {}) {
      const fields = ["email", "name", "timeZone", "metadata", "bio", "locale", "avatarUrl"];
      assertFields("users.create", input, [...fields, "timeFormat", "weekStart"]);
      assertFields("users.create's options", options, ["clientId"]);
      const client = requireClient(options.clientId ?? defaultClientId);
      const { user, ...tokens } = await createUser(state, client, { ...input });
      return { ...copy(user), ...tokens };
    },
    list: () => managedUsers().map(copy),
    get(id) {
      assertUserId(id);
      const user = managedUsers().find((one) => one.id === id);
      return user && copy(user);
    },
    delete: (id) => deleteUser(state, requireUser(id)),
    tokens(id) {
      assertUserId(id);
      const of = (table: State["accessTokens"]): string[] =>
        [...table.values()].filter((token) => token.userId === id).map((token) => token.value);
      return { accessTokens: of(state.accessTokens), refreshTokens: of(state.refreshTokens) };
    },
    issueTokens: (id) => pairFor(id, issueTokens),
    forceRefresh: (id) => pairFor(id, forceRefreshTokens),
    expireAccessTokens(id, options = {}) {
      assertFields("users.expireAccessTokens's options", options, ["isCached"]);
      const values = expire(state.accessTokens, id);
      if (!options.isCached) for (const value of values) state.tokenCache.delete(value);
    },
    expireRefreshTokens: (id) => void expire(state.refreshTokens, id),
    deleteExpiredTokens(clientId) {
      if (clientId !== undefined) requireClient(clientId);
      deleteExpiredTokens(state, clientId);
    },
    revokeTokens: (id) => revokeTokens(state, requireUser(id).id),
  };
}
