-- A worker begins a batch. Only the first delivery of a message finds its lease still queued.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 token   4 lease time in ms
-- Reply '' | gone | epoch | closed | cancelled (or failing) | lease
local TOKEN, LEASE_MS = ARGV[3], tonumber(ARGV[4])
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'phase')
local epoch, closed, phase = job[1], job[2], job[3]
local why = refusal(epoch, closed)
if why then return why end
local text = redis.call('HGET', LEASES, TOKEN)
if not text then return 'lease' end
local lease = decode_lease(text)
if lease.state ~= 'queued' then return 'lease' end
if is_ending(phase) then return 'cancelled' end
lease.state, lease.deadline = 'running', clock() + LEASE_MS
redis.call('HSET', LEASES, TOKEN, encode_lease(lease))
return ''
