-- Takes positions to work on and writes a lease for them: first what an ended lease left, then from `next` on.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 token of the new lease   4 lease time in ms   5 rows at most   6 '1' = messages are missing from the queue
--       7 lost workers after which rows go alone
-- Reply {stop, lost_workers, position…}: stop = '' | gone | epoch | closed | paused | cancelling | failing
-- dispatch/window.py (messages_missing) decides when a lease that is only queued counts as lost.
local TOKEN, LEASE_MS, MOST = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local MESSAGES_MISSING, LOST_BEFORE_ALONE = ARGV[6] == '1', tonumber(ARGV[7])

local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'total', 'next', 'phase', 'max_rate', 'paced_at', 'processed',
  'imported')
local epoch, closed, total, next_position, phase = job[1], job[2], tonumber(job[3]), tonumber(job[4]), job[5]
local imported = math.min(tonumber(job[9]), total) -- rows above are not in the database yet
local max_rate, paced_at, processed = tonumber(job[6]) or 0, tonumber(job[7]) or 0, tonumber(job[8])
local why = refusal(epoch, closed)
if why then return { why, 0 } end
if phase == 'paused' or is_ending(phase) then return { phase, 0 } end
local now = clock()

-- max_rate is in rows a minute. After a pause at most a second's worth is made up for.
local ms_per_row = 0
if max_rate > 0 then
  ms_per_row = 60000 / max_rate
  -- Whole ms: in a number as large as today's time a fraction is inexact, and a row that is due might never be due.
  paced_at = math.max(paced_at, math.floor(now - math.max(1000, ms_per_row)))
  if paced_at > now + ms_per_row then paced_at = now end
  MOST = math.min(MOST, math.floor((now - paced_at) / ms_per_row))
  if MOST < 1 then return { '', 0 } end
end

local function may_be_claimed_again(lease)
  if written_in_the_future(lease, now, LEASE_MS) then return true end
  return now >= lease.deadline and (lease.state ~= 'queued' or MESSAGES_MISSING)
end

local function take(first, last, count)
  local taken, p = {}, unseen(first)
  while p < last and #taken < count do
    taken[#taken + 1] = p
    p = unseen(p + 1)
  end
  return taken, p
end

local function grant(positions, lost_workers)
  local lease = { first = positions[1], last = positions[#positions] + 1, rows = #positions,
                  deadline = now + LEASE_MS, lost_workers = lost_workers, state = 'queued' }
  redis.call('HSET', LEASES, TOKEN, encode_lease(lease))
  if max_rate > 0 then
    redis.call('HSET', JOB, 'paced_at', string.format('%.0f', paced_at + #positions * ms_per_row))
  end
  return { '', lost_workers, unpack(positions) }
end

local leases = redis.call('HGETALL', LEASES)
for i = 1, #leases, 2 do
  local old = decode_lease(leases[i + 1])
  if may_be_claimed_again(old) then
    -- Only a running lease that ran out has lost its worker.
    local lost_workers = old.lost_workers + (old.state == 'running' and now >= old.deadline and 1 or 0)
    local taken, p = take(old.first, old.last, lost_workers >= LOST_BEFORE_ALONE and 1 or MOST)
    redis.call('HDEL', LEASES, leases[i])
    if p < old.last then
      local rest = { first = p, last = old.last, rows = old.rows, deadline = 0, lost_workers = lost_workers,
                     state = 'released' }
      redis.call('HSET', LEASES, leases[i], encode_lease(rest))
    end
    if #taken > 0 then return grant(taken, lost_workers) end
  end
end

-- All was claimed, nobody holds a row, yet some are not done: Redis lost the leases. Start over; done rows are skipped.
local from = next_position
if from >= imported and #leases == 0 and processed < imported then from = 0 end
local taken, p = take(from, imported, MOST)
if p > imported then p = imported end
if p > from then redis.call('HSET', JOB, 'next', p) end
if #taken == 0 then return { '', 0 } end
return grant(taken, 0)
