-- Copies a command from the job's row, which the caller may have read a while ago.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 command   4… field, value, … of the job hash
-- Reply 1; 0 when there is no such job, when it is closed, or when a worker has failed the whole job: only a cancel
-- overrules that, and the next dispatch tick writes the failure into the row.
local COMMAND = ARGV[3]
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'command')
local epoch, closed, current = job[1], job[2], job[3]
if refusal(epoch, closed) then return 0 end
if current == 'fail' and COMMAND ~= 'fail' and COMMAND ~= 'cancel' then return 0 end
redis.call('HSET', JOB, 'command', COMMAND, unpack(ARGV, 4))
return 1
