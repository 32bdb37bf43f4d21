-- The holder gives its lease up: deleted when every row was recorded, else free to be claimed.
-- ARGV  3 token   4 rows a second this process reached, '' = unknown
-- Reply 1 when rows were handed back, else 0
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'speed')
if refusal(job[1], job[2]) then return 0 end
local lease = redis.call('HGET', LEASES, ARGV[3])
if not lease then return 0 end
-- First: a full server takes it, and then lets the script go on writing.
redis.call('HDEL', LEASES, ARGV[3])
if ARGV[4] ~= '' then
  local before = tonumber(job[3]) or 0
  local speed = before > 0 and (before + tonumber(ARGV[4])) / 2 or tonumber(ARGV[4])
  redis.call('HSET', JOB, 'speed', string.format('%.1f', speed))
end
local l = parse(lease)
if unseen(l.first) >= l.last then return 0 end
l.state, l.deadline = 'returned', 0
redis.call('HSET', LEASES, ARGV[3], format(l))
return 1
