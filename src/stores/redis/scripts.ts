// What every script returns: nothing, or texts.

const returned = `redis.call('HMGET', KEYS[1], 'record', 'version', 'createdAt', 'updatedAt')`;

/** KEYS: the record. */
export const getScript = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
  return ${returned}
`;

/**
 * KEYS: the record, the owners of Cal.com users, all users.
 * ARGV: the condition, the first version, the record, the time, the user, the Cal.com user.
 */
export const setScript = `
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
  local updatedAt = redis.call('HGET', KEYS[1], 'updatedAt')
  if not updatedAt or tonumber(updatedAt) < tonumber(ARGV[4]) then updatedAt = ARGV[4] end
  redis.call('HSET', KEYS[1], 'record', ARGV[3], 'version', version, 'updatedAt', updatedAt, 'calUser', ARGV[6])
  return ${returned}
`;

/** KEYS: the record, the owners of Cal.com users, all users. ARGV: the user. */
export const deleteScript = `
  local before = redis.call('HGET', KEYS[1], 'calUser')
  if not before then return {} end
  redis.call('HDEL', KEYS[2], before)
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('DEL', KEYS[1])
  return {ARGV[1]}
`;

/**
 * KEYS: the new record, the owners of Cal.com users, all users, the former record.
 * ARGV: the version, the record, the time, the new user, the Cal.com user, the former user.
 */
export const reassignScript = `
  if redis.call('HGET', KEYS[4], 'version') ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 1 then return {} end
  local owner = redis.call('HGET', KEYS[2], ARGV[5])
  if owner and owner ~= ARGV[6] then return {'in use'} end
  redis.call('HDEL', KEYS[2], redis.call('HGET', KEYS[4], 'calUser'))
  redis.call('HSET', KEYS[2], ARGV[5], ARGV[4])
  redis.call('ZREM', KEYS[3], ARGV[6])
  redis.call('ZADD', KEYS[3], 0, ARGV[4])
  redis.call('RENAME', KEYS[4], KEYS[1])
  local version = string.format('%.0f', ARGV[1] + 1)
  local updatedAt = redis.call('HGET', KEYS[1], 'updatedAt')
  if tonumber(updatedAt) < tonumber(ARGV[3]) then updatedAt = ARGV[3] end
  redis.call('HSET', KEYS[1], 'record', ARGV[2], 'version', version, 'updatedAt', updatedAt, 'calUser', ARGV[5])
  return ${returned}
`;

/** KEYS: the lease. ARGV: the owner, the time to live. */
export const acquireScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return {ARGV[1]}
  end
  if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return {ARGV[1]} end
  return {}
`;

/** KEYS: the lease. ARGV: the owner. */
export const releaseScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return {}
`;

/** KEYS: the attempt. ARGV: its text, the time to live. */
export const putScript = `
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return {}
`;

/** KEYS: the attempt. */
export const readScript = `
  local data = redis.call('GET', KEYS[1])
  if data then return {data} end
  return {}
`;

/** KEYS: the attempt. */
export const takeScript = `
  local data = redis.call('GET', KEYS[1])
  if not data then return {} end
  redis.call('DEL', KEYS[1])
  return {data}
`;

/** KEYS: all users. ARGV: where to begin, how many. */
export const listScript = `
  return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])
`;

/** KEYS: the owners of Cal.com users. ARGV: the Cal.com user. */
export const findUserScript = `
  local userId = redis.call('HGET', KEYS[1], ARGV[1])
  if userId then return {userId} end
  return {}
`;
