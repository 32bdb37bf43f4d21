-- Sets fields of a job that is there and open: a plain HSET would make half a job out of one that Redis lost.
-- ARGV  3… field, value, …
-- Reply 1, or 0 when there is no such job
local job = redis.call('HMGET', JOB, 'epoch', 'closed')
if refusal(job[1], job[2]) then return 0 end
redis.call('HSET', JOB, unpack(ARGV, 3))
return 1
