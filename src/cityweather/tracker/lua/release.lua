-- Ends a lease: deleted when every row was recorded, else its rest may be claimed at once.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 token   4 rows a second this process reached, '' = unknown
-- Reply 1 when rows were handed back, else 0
local TOKEN, SPEED = ARGV[3], ARGV[4]
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'speed')
local epoch, closed, old_speed = job[1], job[2], tonumber(job[3]) or 0
if refusal(epoch, closed) then return 0 end
local text = redis.call('HGET', LEASES, TOKEN)
if not text then return 0 end
-- HDEL is the first write because a full Redis allows it, and then the writes after it (see record.lua).
redis.call('HDEL', LEASES, TOKEN)
if SPEED ~= '' then
  local speed = old_speed > 0 and (old_speed + tonumber(SPEED)) / 2 or tonumber(SPEED)
  redis.call('HSET', JOB, 'speed', string.format('%.1f', speed))
end
local lease = decode_lease(text)
if unseen(lease.first) >= lease.last then return 0 end
lease.state, lease.deadline = 'released', 0
redis.call('HSET', LEASES, TOKEN, encode_lease(lease))
return 1
