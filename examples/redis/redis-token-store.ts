import { CalUserInUseError, type TokenRecord, type TokenStore, type TokenWrite } from "calbridge";
import type { Redis } from "ioredis";

/** A record's fields as JSON keeps them: dates as milliseconds, `null` as `null`. */
type Stored = {
  [Field in keyof TokenWrite]: TokenWrite[Field] extends Date | null ? number | null : TokenWrite[Field];
};

// Redis runs a script alone: no other command comes between its reads and its writes.

// KEYS: the record, the owners of Cal.com users, all users.
// ARGV: the condition, the first version, the record, the time, the user, the Cal.com user.
const setScript = `
  local version = redis.call('HGET', KEYS[1], 'version')
  if ARGV[1] == 'none' then
    if version then return {} end
    version = ARGV[2]
  else
    if version ~= ARGV[1] then return {} end
    version = string.format('%.0f', version + 1)
  end
  local owner = redis.call('HGET', KEYS[2], ARGV[6])
  if owner and owner ~= ARGV[5] then return {'in use'} end
  local before = redis.call('HGET', KEYS[1], 'calUser')
  if before then redis.call('HDEL', KEYS[2], before) end
  redis.call('HSET', KEYS[2], ARGV[6], ARGV[5])
  redis.call('ZADD', KEYS[3], 0, ARGV[5])
  redis.call('HSETNX', KEYS[1], 'createdAt', ARGV[4])
  redis.call('HSET', KEYS[1], 'record', ARGV[3], 'version', version, 'updatedAt', ARGV[4], 'calUser', ARGV[6])
  return redis.call('HMGET', KEYS[1], 'record', 'version', 'createdAt', 'updatedAt')
`;

// KEYS: the same. ARGV: the user.
const deleteScript = `
  local before = redis.call('HGET', KEYS[1], 'calUser')
  if before then redis.call('HDEL', KEYS[2], before) end
  redis.call('ZREM', KEYS[3], ARGV[1])
  return redis.call('DEL', KEYS[1])
`;

// KEYS: the new record, the owners, all users, the former record.
// ARGV: the version, the record, the time, the new user, the Cal.com user, the former user.
const reassignScript = `
  if redis.call('HGET', KEYS[4], 'version') ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 1 then return {} end
  local owner = redis.call('HGET', KEYS[2], ARGV[5])
  if owner and owner ~= ARGV[6] then return {'in use'} end
  redis.call('HDEL', KEYS[2], redis.call('HGET', KEYS[4], 'calUser'))
  redis.call('HSET', KEYS[2], ARGV[5], ARGV[4])
  redis.call('ZREM', KEYS[3], ARGV[6])
  redis.call('ZADD', KEYS[3], 0, ARGV[4])
  local createdAt = redis.call('HGET', KEYS[4], 'createdAt')
  redis.call('DEL', KEYS[4])
  local version = string.format('%.0f', ARGV[1] + 1)
  redis.call('HSET', KEYS[1], 'createdAt', createdAt, 'record', ARGV[2], 'version', version, 'updatedAt', ARGV[3], 'calUser', ARGV[5])
  return {ARGV[2], version, createdAt, ARGV[3]}
`;

const leaseScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
  if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return 1 end
  return 0
`;

const releaseScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`;

/**
 * Keeps tokens in Redis: a hash for each user, and an index of the Cal.com users. Leases and attempts are keys that Redis
 * itself removes when they expire.
 */
export function redisTokenStore(redis: Redis): Required<TokenStore> {
  // The braces keep all keys in one slot of a cluster, so that a script may use several of them.
  const recordKey = (userId: string) => `{cal}:tokens:${userId}`;
  const leaseKey = (userId: string) => `{cal}:lease:${userId}`;
  const attemptKey = (id: string) => `{cal}:attempt:${id}`;
  const owners = "{cal}:owners";
  const users = "{cal}:users";

  return {
    async get(userId) {
      return toRecord(await redis.hmget(recordKey(userId), "record", "version", "createdAt", "updatedAt"));
    },

    async set(record, { ifVersion }) {
      const condition = ifVersion === null ? "none" : String(ifVersion);
      // Random: after a delete the versions must not begin where they began before.
      const first = String(1 + Math.floor(Math.random() * 2 ** 30));
      const args = [condition, first, toJson(record), String(Date.now()), record.userId, calUserOf(record)];
      const keys = [recordKey(record.userId), owners, users];
      return toRecord((await redis.eval(setScript, keys.length, ...keys, ...args)) as string[]);
    },

    async delete(userId) {
      const keys = [recordKey(userId), owners, users];
      return (await redis.eval(deleteScript, keys.length, ...keys, userId)) === 1;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      return (await redis.eval(leaseScript, 1, leaseKey(userId), owner, String(ttlMs))) === 1;
    },

    async releaseLease(userId, { owner }) {
      await redis.eval(releaseScript, 1, leaseKey(userId), owner);
    },

    async putAttempt(id, { data, ttlMs }) {
      await redis.set(attemptKey(id), data, "PX", ttlMs);
    },

    async getAttempt(id) {
      return redis.get(attemptKey(id));
    },

    async takeAttempt(id) {
      return redis.getdel(attemptKey(id));
    },

    async list({ after, limit }) {
      return redis.zrangebylex(users, after === undefined ? "-" : `(${after}`, "+", "LIMIT", 0, limit);
    },

    async findUser(account) {
      return redis.hget(owners, calUserOf(account));
    },

    async reassign(record, { from, ifVersion }) {
      const args = [
        String(ifVersion),
        toJson(record),
        String(Date.now()),
        record.userId,
        calUserOf(record),
        from,
      ];
      const keys = [recordKey(record.userId), owners, users, recordKey(from)];
      return toRecord((await redis.eval(reassignScript, keys.length, ...keys, ...args)) as string[]);
    },
  };
}

function calUserOf({ calServer, calUserId }: Pick<TokenWrite, "calServer" | "calUserId">): string {
  return `${calServer}/${calUserId}`;
}

function toJson(record: TokenWrite): string {
  const stored: Stored = {
    userId: record.userId,
    calUserId: record.calUserId,
    calServer: record.calServer,
    calAccessToken: record.calAccessToken,
    calAccessTokenExpiresAt: record.calAccessTokenExpiresAt?.getTime() ?? null,
    calRefreshToken: record.calRefreshToken,
    calRefreshTokenExpiresAt: record.calRefreshTokenExpiresAt?.getTime() ?? null,
    details: record.details,
  };
  return JSON.stringify(stored);
}

function toRecord([json, version, createdAt, updatedAt]: (string | null)[]): TokenRecord | null {
  if (json === "in use") throw new CalUserInUseError();
  // Nothing comes back if there is no record, or a condition failed.
  if (!json) return null;
  const stored = JSON.parse(json) as Stored;
  return {
    ...stored,
    calAccessTokenExpiresAt: toDate(stored.calAccessTokenExpiresAt),
    calRefreshTokenExpiresAt: toDate(stored.calRefreshTokenExpiresAt),
    version: Number(version),
    createdAt: new Date(Number(createdAt)),
    updatedAt: new Date(Number(updatedAt)),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
