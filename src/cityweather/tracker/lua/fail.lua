-- The whole job cannot go on. A cancel said before stays a cancel.
-- ARGV  3 error
-- Reply 1, or 0 when there was nothing to do
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'command')
if refusal(job[1], job[2]) or job[3] == 'cancel' or job[3] == 'fail' then return 0 end
redis.call('HSET', JOB, 'command', 'fail', 'phase', 'failing', 'error', ARGV[3])
return 1
