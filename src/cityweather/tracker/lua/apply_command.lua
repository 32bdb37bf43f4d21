-- Copies a command from the job's row, which the caller may have read a while ago.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 command   4 phase   5 status   6 rows a minute, 0 = any
-- Reply 1; 0 when there is no such job, when it is closed, or when a worker has failed the whole job: only a cancel
-- overrules that, and the next dispatch tick writes the failure into the row.
local COMMAND, PHASE, STATUS, MAX_RATE = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'command')
local epoch, closed, current = job[1], job[2], job[3]
if refusal(epoch, closed) then return 0 end
if current == 'fail' and COMMAND ~= 'fail' and COMMAND ~= 'cancel' then return 0 end
redis.call('HSET', JOB, 'command', COMMAND, 'phase', PHASE, 'status', STATUS, 'max_rate', MAX_RATE)
return 1
