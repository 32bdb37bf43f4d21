-- Ends recording when nothing is left to record, or when cancelling or failing and no batch is running.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 lease time in ms
-- Reply gone | epoch | closed | open
local LEASE_MS = tonumber(ARGV[3])
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'processed', 'total', 'phase')
local epoch, closed, processed, total, phase = job[1], job[2], tonumber(job[3]), tonumber(job[4]), job[5]
local why = refusal(epoch, closed)
if why then return why end
if processed ~= total then
  if not is_ending(phase) then return 'open' end
  local now, leases = clock(), redis.call('HVALS', LEASES)
  for i = 1, #leases do
    local lease = decode_lease(leases[i])
    -- A lease that is only queued does not count: start.lua sees the phase and drops the batch.
    if lease.state == 'running' and lease.deadline > now and not written_in_the_future(lease, now, LEASE_MS) then
      return 'open'
    end
  end
end
redis.call('HSET', JOB, 'closed', '1')
redis.call('DEL', LEASES)
return 'closed'
