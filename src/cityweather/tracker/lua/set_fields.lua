-- Sets fields of a job that is there and open. A plain HSET would make half a job out of one that Redis has lost.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3… field, value, … of the job hash
-- Reply 1, or 0 when there is no such job
local FIRST = 3
local job = redis.call('HMGET', JOB, 'epoch', 'closed')
local epoch, closed = job[1], job[2]
if refusal(epoch, closed) then return 0 end
redis.call('HSET', JOB, unpack(ARGV, FIRST))
return 1
