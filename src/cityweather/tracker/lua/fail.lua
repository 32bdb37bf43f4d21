-- Fails the whole job. A job that is being cancelled stays cancelled.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 error, one sentence
-- Reply 1, or 0 when there was nothing to do
local ERROR = ARGV[3]
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'phase')
local epoch, closed, phase = job[1], job[2], job[3]
if refusal(epoch, closed) or is_ending(phase) then return 0 end
redis.call('HSET', JOB, 'phase', 'failing', 'error', ERROR)
return 1
