/**
 * A token store in Redis.
 *
 * @module calbridge/redis
 */
import { CalStoreError, CalUserInUseError, CalValidationError } from "../../errors.js";
import type { TokenRecord, TokenStore } from "../../tokens/token-store.js";
import {
  assertStorableRecord,
  assertStorableText,
  assertStorableUserId,
  assertVersion,
  firstVersion,
  secretsOf,
} from "../assert-record.js";
import { scriptRunner, type RedisClient } from "./client.js";
import { redisError } from "./errors.js";
import { calUserKey, readRecord, writeRecord } from "./record-json.js";
import * as scripts from "./scripts.js";

export type { IoredisClient, NodeRedisClient, RedisClient } from "./client.js";

/** Options of {@link redisTokenStore}. */
export interface RedisTokenStoreOptions {
  /** The application's own client: a `Redis` or `Cluster` of ioredis, or a connected client of node-redis. */
  client: RedisClient;
  /**
   * What all keys begin with. It is their hash tag in a cluster, so it has no braces.
   * @defaultValue `calbridge`
   */
  prefix?: string | undefined;
}

/**
 * Keeps tokens in Redis, for any number of processes: a hash for each user, and an index of the Cal.com users. Every method
 * is one script, which Redis runs alone. Leases and connection attempts are keys that Redis removes when they expire.
 *
 * In a cluster all records are on one node: a write checks that no other user has the Cal.com user, and a script can only
 * use the keys of one node. Leases and attempts are spread over all nodes.
 *
 * @throws `CalValidationError` for a client that can't be used, and for what a database can't store.
 * @throws `CalStoreError` if Redis fails.
 * @throws `CalUserInUseError` from `set` and `reassign`, if another user's record has the Cal.com user.
 *
 * @example
 * ```ts
 * import { redisTokenStore } from "calbridge/redis";
 * import { Redis } from "ioredis";
 *
 * const tokenStore = redisTokenStore({ client: new Redis(process.env.REDIS_URL) });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the scripts
export function redisTokenStore({
  client,
  prefix = "calbridge",
}: RedisTokenStoreOptions): Required<TokenStore> {
  const send = scriptRunner(client);
  if (typeof prefix !== "string" || !/^[^{}\0]+$/.test(prefix)) {
    throw new CalValidationError("prefix must be a text without braces.");
  }
  const recordKey = (userId: string) => `{${prefix}}:tokens:${userId}`;
  const leaseKey = (userId: string) => `${prefix}:lease:${userId}`;
  const attemptKey = (id: string) => `${prefix}:attempt:${id}`;
  const owners = `{${prefix}}:owners`;
  const users = `{${prefix}}:users`;

  async function run(
    action: string,
    script: string,
    keys: string[],
    values: string[] = [],
    secrets: string[] = [],
  ): Promise<(string | null)[]> {
    let result: unknown;
    try {
      result = await send(script, keys, values);
    } catch (error) {
      // Whatever the client throws: Redis's own errors, a lost connection, too many retries.
      throw redisError(action, error, secrets);
    }
    if (isListOfTexts(result)) return result;
    throw new CalStoreError("The Redis client returned something else than a list of texts.");
  }

  /** Writes a record with a script that returns it, nothing, or that the Cal.com user is in use. */
  async function write(
    userId: string,
    ...[script, keys, values, secrets]: [string, string[], string[], string[]]
  ): Promise<TokenRecord | null> {
    const result = await run("write the user's tokens", script, keys, values, secrets);
    if (result[0] === "in use") throw new CalUserInUseError();
    return readRecord(userId, result);
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      return readRecord(userId, await run("read the user's tokens", scripts.getScript, [recordKey(userId)]));
    },

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      if (ifVersion !== null) assertVersion(ifVersion);
      const { userId } = record;
      const condition = ifVersion === null ? "none" : String(ifVersion);
      const values = [condition, String(firstVersion()), writeRecord(record), String(Date.now())];
      const keys = [recordKey(userId), owners, users];
      const all = [...values, userId, calUserKey(record)];
      return write(userId, scripts.setScript, keys, all, secretsOf(record));
    },

    async delete(userId) {
      assertStorableUserId(userId);
      const keys = [recordKey(userId), owners, users];
      return (await run("delete the user's tokens", scripts.deleteScript, keys, [userId])).length > 0;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      const values = [owner, String(Math.ceil(ttlMs))];
      const action = "acquire the user's lease";
      return (await run(action, scripts.acquireScript, [leaseKey(userId)], values))[0] === owner;
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      await run("release the user's lease", scripts.releaseScript, [leaseKey(userId)], [owner]);
    },

    async putAttempt(id, { data, ttlMs }) {
      assertStorableText(id, "The attempt's id");
      assertStorableText(data, "data");
      const values = [data, String(Math.ceil(ttlMs))];
      await run("keep the attempt", scripts.putScript, [attemptKey(id)], values, [data]);
    },

    async getAttempt(id) {
      assertStorableText(id, "The attempt's id");
      return (await run("read the attempt", scripts.readScript, [attemptKey(id)]))[0] ?? null;
    },

    async takeAttempt(id) {
      assertStorableText(id, "The attempt's id");
      return (await run("take the attempt", scripts.takeScript, [attemptKey(id)]))[0] ?? null;
    },

    async list({ after, limit }) {
      if (after !== undefined) assertStorableText(after, "after");
      const from = after === undefined ? "-" : `(${after}`;
      const found = await run("list the users", scripts.listScript, [users], [from, String(limit)]);
      return found.filter((userId) => userId !== null);
    },

    async findUser(account) {
      assertStorableText(account.calServer, "calServer");
      const action = "find the user of a Cal.com user";
      return (await run(action, scripts.findUserScript, [owners], [calUserKey(account)]))[0] ?? null;
    },

    async reassign(record, { from, ifVersion }) {
      assertStorableRecord(record);
      assertStorableUserId(from);
      assertVersion(ifVersion);
      const { userId } = record;
      const keys = [recordKey(userId), owners, users, recordKey(from)];
      const values = [String(ifVersion), writeRecord(record), String(Date.now())];
      const all = [...values, userId, calUserKey(record), from];
      return write(userId, scripts.reassignScript, keys, all, secretsOf(record));
    },
  };
}

function isListOfTexts(result: unknown): result is (string | null)[] {
  return Array.isArray(result) && result.every((text) => typeof text === "string" || text === null);
}
