-- Counts results once each, appends them to the stream, renews the lease. All or nothing: it validates first.
-- ARGV  3 token   4 lease in ms   5 entry (encoded results)   6 number of succeeded   7… positions: succeeded, then failed
-- Reply {counted, stop}: stop = '' | gone | epoch | closed | position | cancelled | lease
local token, succeeded = ARGV[3], tonumber(ARGV[6])
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'total', 'command', 'mark_at', 'mark_n')
local why = refusal(job[1], job[2])
if why then return { 0, why } end
local total = tonumber(job[3])
for i = 7, #ARGV do
  local p = tonumber(ARGV[i])
  -- SETBIT at a wild offset would allocate up to 512 MB.
  if not p or p < 0 or p >= total or p % 1 ~= 0 then return { 0, 'position' } end
end

local good, bad = 0, 0
for i = 7, #ARGV do
  if redis.call('SETBIT', SEEN, ARGV[i], 1) == 0 then
    if i - 6 <= succeeded then good = good + 1 else bad = bad + 1 end
  end
end
local now = clock()
if good + bad > 0 then
  redis.call('XADD', STREAM, '*', 'r', ARGV[5])
  local processed = redis.call('HINCRBY', JOB, 'processed', good + bad)
  if good > 0 then redis.call('HINCRBY', JOB, 'succeeded', good) end
  if bad > 0 then redis.call('HINCRBY', JOB, 'failed', bad) end
  redis.call('HINCRBY', JOB, 'tail', #ARGV[5])
  redis.call('HSET', JOB, 'last_at', now, 'waiting_for', '', 'parked_until', 0)
  local mark = tonumber(job[5]) or 0
  -- The rate is read between two samples at least 2 s apart; a clock set back starts them afresh.
  if now - mark >= 2000 or now < mark then
    redis.call('HSET', JOB, 'past_at', job[5] or now, 'past_n', job[6] or 0, 'mark_at', now, 'mark_n', processed)
  end
end
local lease, held = redis.call('HGET', LEASES, token), false
if lease then
  local l = parse(lease)
  held = l.state == 'started'
  if held then
    l.deadline = now + tonumber(ARGV[4])
    redis.call('HSET', LEASES, token, format(l))
  end
end
if job[4] == 'cancel' or job[4] == 'fail' then return { good + bad, 'cancelled' } end
return { good + bad, held and '' or 'lease' }
