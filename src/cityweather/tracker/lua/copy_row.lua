-- Copies fields from the job's row, which the caller may have read a while ago.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 phase in the row   4… field, value, … of the job hash, the phase among them
-- Reply 1; 0 when there is no such job, when it is closed, or when a worker has failed the whole job: only a cancel
-- overrules that, and the next dispatch tick writes the failure into the row.
local PHASE, FIRST = ARGV[3], 4
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'phase')
local epoch, closed, phase = job[1], job[2], job[3]
if refusal(epoch, closed) then return 0 end
if phase == 'failing' and not is_ending(PHASE) then return 0 end
redis.call('HSET', JOB, unpack(ARGV, FIRST))
return 1
