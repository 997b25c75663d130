import type { TokenRecord, TokenStore, TokenWrite } from "calbridge";
import type { Redis } from "ioredis";

/** A record's fields as JSON keeps them: dates as milliseconds, `null` as `null`. */
type Stored = {
  [Field in keyof TokenWrite]: TokenWrite[Field] extends Date | null ? number | null : TokenWrite[Field];
};

// A script runs alone: nobody writes between its looking and its writing.
const setScript = `
  local version = redis.call('HGET', KEYS[1], 'version')
  if ARGV[1] == 'none' then
    if version then return {} end
    version = ARGV[2]
  else
    if version ~= ARGV[1] then return {} end
    version = string.format('%.0f', version + 1)
  end
  redis.call('HSETNX', KEYS[1], 'createdAt', ARGV[4])
  redis.call('HSET', KEYS[1], 'record', ARGV[3], 'version', version, 'updatedAt', ARGV[4])
  return redis.call('HMGET', KEYS[1], 'record', 'version', 'createdAt', 'updatedAt')
`;

const deleteScript = `
  redis.call('DEL', KEYS[2])
  return redis.call('DEL', KEYS[1])
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

/** Keeps tokens in Redis: a hash for each user, and beside it the lease, a key that Redis itself ends. */
export function redisTokenStore(redis: Redis): TokenStore {
  // What stands in braces decides where a cluster keeps a key: both of a user's are in one place.
  const recordKey = (userId: string) => `cal:{${userId}}:tokens`;
  const leaseKey = (userId: string) => `cal:{${userId}}:lease`;

  return {
    async get(userId) {
      return toRecord(await redis.hmget(recordKey(userId), "record", "version", "createdAt", "updatedAt"));
    },

    async set(record, { ifVersion }) {
      const condition = ifVersion === null ? "none" : String(ifVersion);
      // Random: after a delete the versions must not begin where they began before.
      const first = String(1 + Math.floor(Math.random() * 2 ** 30));
      const args = [condition, first, JSON.stringify(toStored(record)), String(Date.now())];
      // Nothing comes back if the version was another one.
      return toRecord((await redis.eval(setScript, 1, recordKey(record.userId), ...args)) as string[]);
    },

    async delete(userId) {
      return (await redis.eval(deleteScript, 2, recordKey(userId), leaseKey(userId))) === 1;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      return (await redis.eval(leaseScript, 1, leaseKey(userId), owner, String(ttlMs))) === 1;
    },

    async releaseLease(userId, { owner }) {
      await redis.eval(releaseScript, 1, leaseKey(userId), owner);
    },
  };
}

function toStored(record: TokenWrite): Stored {
  return {
    userId: record.userId,
    calUserId: record.calUserId,
    calServer: record.calServer,
    details: record.details,
    calAccessToken: record.calAccessToken,
    calAccessTokenExpiresAt: record.calAccessTokenExpiresAt?.getTime() ?? null,
    calRefreshToken: record.calRefreshToken,
    calRefreshTokenExpiresAt: record.calRefreshTokenExpiresAt?.getTime() ?? null,
  };
}

function toRecord([json, version, createdAt, updatedAt]: (string | null)[]): TokenRecord | null {
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
