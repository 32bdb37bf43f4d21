-- Put in front of every script of the tracker.
-- KEYS  1 job hash   2 seen bitmap   3 stream   4 leases hash
-- ARGV  1 now in Unix milliseconds, '' = the server's clock   2 epoch, '' = any
-- Fields of the job hash (times in Unix milliseconds):
--   epoch total next processed succeeded failed   counters; next = first position never claimed
--   closed        '1' once nothing may be recorded any more
--   flushed       stream ID up to which the database holds the results
--   tail          bytes of entries not yet trimmed
--   command       '' | pause | cancel | fail
--   status phase error waiting_for parked_until max_rate created_at started_at last_at
--   rows_read duplicates rejected file_name retry_of
--   window speed  rows in flight at most; rows a second of one worker process
--   paced_at      until when max_rate is used up
--   quota_until   before it the quota does not let the job end
--   mark_at mark_n past_at past_n   two samples of (time, processed) for the rate
-- A lease is 'start:end:rows:deadline:losses:state', state = sent | started | returned; a returned one has deadline 0
-- and can be claimed at once.
local JOB, SEEN, STREAM, LEASES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Why a script must not touch this job, or nil.
local function refusal(epoch, closed)
  if not epoch then return 'gone' end
  if ARGV[2] ~= '' and epoch ~= ARGV[2] then return 'epoch' end
  if closed == '1' then return 'closed' end
end

local function parse(lease)
  local s, e, n, d, l, state = string.match(lease, '^(%d+):(%d+):(%d+):(%d+):(%d+):(%a+)$')
  return { first = tonumber(s), last = tonumber(e), rows = tonumber(n), deadline = tonumber(d),
           losses = tonumber(l), state = state }
end

local function format(l)
  return string.format('%d:%d:%d:%d:%d:%s', l.first, l.last, l.rows, l.deadline, l.losses, l.state)
end

-- Whether its deadline was written before the clock was set back: no lease ends so late. Twice, since clocks are also
-- set right by milliseconds, which must not end the lease of a living worker.
local function astray(l, now, lease)
  return l.deadline > now + 2 * lease
end

-- The first position from p on whose bit is clear; BITPOS jumps over long runs of done rows.
local function unseen(p)
  while redis.call('GETBIT', SEEN, p) == 1 do
    if p % 8 == 0 then
      local q = redis.call('BITPOS', SEEN, 0, p / 8)
      if q < 0 then return redis.call('STRLEN', SEEN) * 8 end
      return q
    end
    p = p + 1
  end
  return p
end
