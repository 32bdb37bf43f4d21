-- Takes positions to work on and writes a lease for them: first what an ended lease left, then from `next` on.
-- ARGV  3 token   4 lease in ms   5 rows at most   6 '1' = fewer messages wait than batches were sent   7 losses after which rows go alone
-- Reply {stop, losses, position…}: stop = '' | gone | epoch | closed | cancel | fail | pause
-- A lease that was sent but never started is still in the queue, however long no worker comes, unless messages are
-- missing: a killed worker took along those it held. Only a started one that ran out has lost its worker.
local token, lease, most, alone = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[7])
local job = redis.call('HMGET', JOB, 'epoch', 'closed', 'total', 'next', 'command', 'max_rate', 'paced_at', 'processed')
local why = refusal(job[1], job[2])
if why then return { why, 0 } end
if job[5] and job[5] ~= '' then return { job[5], 0 } end
local total, now = tonumber(job[3]), clock()

-- max_rate is in rows a minute; at most a second's worth is made up for after a pause.
local pace, paced_at = tonumber(job[6]) or 0, 0
if pace > 0 then
  pace = 60000 / pace
  -- Whole ms: a fraction is lost beside today's time, and the row that is due would be 0.9999 of a row for ever.
  paced_at = math.max(tonumber(job[7]) or 0, math.floor(now - math.max(1000, pace)))
  if paced_at > now + pace then paced_at = now end
  most = math.min(most, math.floor((now - paced_at) / pace))
  if most < 1 then return { '', 0 } end
end

local function expired(l)
  if astray(l, now, lease) then return true end
  return now >= l.deadline and (l.state ~= 'sent' or ARGV[6] == '1')
end

local function take(first, last, count)
  local taken, p = {}, unseen(first)
  while p < last and #taken < count do
    taken[#taken + 1] = p
    p = unseen(p + 1)
  end
  return taken, p
end

local function grant(positions, losses)
  local l = { first = positions[1], last = positions[#positions] + 1, rows = #positions,
              deadline = now + lease, losses = losses, state = 'sent' }
  redis.call('HSET', LEASES, token, format(l))
  if pace > 0 then redis.call('HSET', JOB, 'paced_at', string.format('%.0f', paced_at + #positions * pace)) end
  return { '', losses, unpack(positions) }
end

local leases = redis.call('HGETALL', LEASES)
for i = 1, #leases, 2 do
  local l = parse(leases[i + 1])
  if expired(l) then
    local losses = l.losses + (l.state == 'started' and now >= l.deadline and 1 or 0)
    local taken, p = take(l.first, l.last, losses >= alone and 1 or most)
    redis.call('HDEL', LEASES, leases[i])
    if p < l.last then
      -- The rest keeps its losses and can be claimed at once.
      local rest = { first = p, last = l.last, rows = l.rows, deadline = 0, losses = losses, state = 'returned' }
      redis.call('HSET', LEASES, leases[i], format(rest))
    end
    if #taken > 0 then return grant(taken, losses) end
  end
end

local from = tonumber(job[4])
-- Nobody holds a row, yet some are not done: Redis lost their leases.
if from >= total and #leases == 0 and tonumber(job[8]) < total then from = 0 end
local taken, p = take(from, total, most)
if p > total then p = total end
if p > from then redis.call('HSET', JOB, 'next', p) end
if #taken == 0 then return { '', 0 } end
return grant(taken, 0)
