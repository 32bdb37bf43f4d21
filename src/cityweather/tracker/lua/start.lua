-- A worker begins a batch. Only the first delivery of a message finds its lease as it was sent.
-- ARGV  3 token   4 lease in ms
-- Reply '' | gone | epoch | closed | cancelled | lease
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'command')
local why = refusal(job[1], job[2])
if why then return why end
local lease = redis.call('HGET', LEASES, ARGV[3])
if not lease then return 'lease' end
local l = parse(lease)
if l.state ~= 'sent' then return 'lease' end
if job[3] == 'cancel' or job[3] == 'fail' then return 'cancelled' end
l.state, l.deadline = 'started', clock() + tonumber(ARGV[4])
redis.call('HSET', LEASES, ARGV[3], format(l))
return ''
