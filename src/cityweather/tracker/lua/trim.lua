-- Drops what the database holds. XTRIM first: a full server takes it, and then lets the script go on writing.
-- ARGV  3 first stream ID to keep   4 last stream ID the database holds   5 bytes of the entries flushed
-- Reply entries left
local job = redis.call('HMGET', JOB, 'epoch', 'flushed')
if refusal(job[1], '') then return -1 end

local function before(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  if ams ~= bms then return tonumber(ams) < tonumber(bms) end
  return tonumber(aseq) < tonumber(bseq)
end

-- Of two flushers the one that committed first may come here last.
if before(ARGV[4], job[2] or '0-0') then return redis.call('XLEN', STREAM) end
redis.call('XTRIM', STREAM, 'MINID', ARGV[3])
redis.call('HSET', JOB, 'flushed', ARGV[4])
local left = redis.call('XLEN', STREAM)
local tail = redis.call('HINCRBY', JOB, 'tail', 0 - tonumber(ARGV[5]))  -- not "-0", which Redis 6 refuses
-- Whoever repeats a trim knows no sizes; an empty stream sets the sum right.
if left == 0 or tail < 0 then redis.call('HSET', JOB, 'tail', 0) end
return left
