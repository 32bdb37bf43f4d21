-- What people said, copied from the job's row by whoever may have read it a while ago.
-- ARGV  3 command   4 phase   5 status   6 rows a minute, 0 = any
-- Reply 1, or 0 when there is no such job, when it is closed, or when a worker's verdict stands: only a cancel
-- overrules that, and the next sync brings it into the row.
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'command')
if refusal(job[1], job[2]) then return 0 end
if job[3] == 'fail' and ARGV[3] ~= 'fail' and ARGV[3] ~= 'cancel' then return 0 end
redis.call('HSET', JOB, 'command', ARGV[3], 'phase', ARGV[4], 'status', ARGV[5], 'max_rate', ARGV[6])
return 1
