-- Ends recording when nothing is left to record, or when cancelling or failing and no batch is under way.
-- ARGV  3 lease in ms
-- Reply gone | epoch | closed | open
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'processed', 'total', 'command')
local why = refusal(job[1], job[2])
if why then return why end
local done = tonumber(job[3]) == tonumber(job[4])
if not done and job[5] ~= 'cancel' and job[5] ~= 'fail' then return 'open' end
if not done then
  local now, leases = clock(), redis.call('HVALS', LEASES)
  for i = 1, #leases do
    local l = parse(leases[i])
    -- One that was only sent is dropped by start.lua, which sees the command.
    if l.state == 'started' and l.deadline > now and not astray(l, now, tonumber(ARGV[3])) then return 'open' end
  end
end
redis.call('HSET', JOB, 'closed', '1', 'phase', 'finishing')
redis.call('DEL', LEASES)
return 'closed'
