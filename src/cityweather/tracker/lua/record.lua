-- Counts results once each, appends them to the stream and renews the lease.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 token   4 lease time in ms   5 entry (encoded results)   6 number of succeeded
--       7… positions: first those that succeeded, then those that failed
-- Reply {counted, stop}: stop = '' | gone | epoch | closed | position | cancelled (or failing) | lease
-- All or nothing: it validates first and writes afterwards. A full Redis refuses the first write of a script, with
-- nothing written yet; once a script has written, Redis lets it go on.
local TOKEN, LEASE_MS, ENTRY, SUCCEEDED, FIRST = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), 7
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'total', 'phase', 'mark_at', 'mark_n')
local epoch, closed, total, phase, mark_at, mark_n = job[1], job[2], tonumber(job[3]), job[4], job[5], job[6]
local why = refusal(epoch, closed)
if why then return { 0, why } end
for i = FIRST, #ARGV do
  local p = tonumber(ARGV[i])
  -- SETBIT at a wild offset would allocate up to 512 MB.
  if not p or p < 0 or p >= total or p % 1 ~= 0 then return { 0, 'position' } end
end

local good, bad = 0, 0
for i = FIRST, #ARGV do
  if redis.call('SETBIT', SEEN, ARGV[i], 1) == 0 then
    if i - FIRST < SUCCEEDED then good = good + 1 else bad = bad + 1 end
  end
end
local now = clock()
if good + bad > 0 then
  redis.call('XADD', STREAM, '*', 'r', ENTRY)
  local processed = redis.call('HINCRBY', JOB, 'processed', good + bad)
  if good > 0 then redis.call('HINCRBY', JOB, 'succeeded', good) end
  if bad > 0 then redis.call('HINCRBY', JOB, 'failed', bad) end
  redis.call('HINCRBY', JOB, 'unflushed_bytes', #ENTRY)
  redis.call('HSET', JOB, 'last_at', now, 'waiting_for', '', 'parked_until', 0)
  -- The rate is measured between two samples at least 2 s apart; a clock set back starts new ones.
  local sampled_at = tonumber(mark_at) or 0
  if now - sampled_at >= 2000 or now < sampled_at then
    redis.call('HSET', JOB, 'past_at', mark_at or now, 'past_n', mark_n or 0, 'mark_at', now, 'mark_n', processed)
  end
end
local text, held = redis.call('HGET', LEASES, TOKEN), false
if text then
  local lease = decode_lease(text)
  held = lease.state == 'running'
  if held then
    lease.deadline = now + LEASE_MS
    redis.call('HSET', LEASES, TOKEN, encode_lease(lease))
  end
end
if is_ending(phase) then return { good + bad, 'cancelled' } end
return { good + bad, held and '' or 'lease' }
