-- Drops the entries that the database holds.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 first stream ID to keep   4 last stream ID the database holds   5 bytes of the entries flushed
-- Reply number of entries left, -1 when there is no such job
local FIRST_KEPT, FLUSHED, BYTES = ARGV[3], ARGV[4], tonumber(ARGV[5])
local job = redis.call('HMGET', JOB, 'epoch', 'flushed')
local epoch, flushed_before = job[1], job[2] or '0-0'
if refusal(epoch, '') then return -1 end

local function is_before(a, b)
  local a_ms, a_number = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_number = string.match(b, '^(%d+)-(%d+)$')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_number) < tonumber(b_number)
end

-- When two flushers meet, the one that committed first may call this last.
if is_before(FLUSHED, flushed_before) then return redis.call('XLEN', STREAM) end
-- XTRIM is the first write because a full Redis allows it, and then the writes after it (see record.lua).
redis.call('XTRIM', STREAM, 'MINID', FIRST_KEPT)
redis.call('HSET', JOB, 'flushed', FLUSHED)
local left = redis.call('XLEN', STREAM)
local unflushed = redis.call('HINCRBY', JOB, 'unflushed_bytes', 0 - BYTES)  -- -BYTES is "-0" for 0, which HINCRBY refuses
-- A repeated trim passes size 0, so the sum may be too high: an empty stream sets it right.
if left == 0 or unflushed < 0 then redis.call('HSET', JOB, 'unflushed_bytes', 0) end
return left
