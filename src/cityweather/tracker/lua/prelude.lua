-- Put in front of every script of the tracker.
-- KEYS  1 job hash   2 bitmap "seen"   3 stream   4 leases hash
-- ARGV  1 now in Unix milliseconds, '' = the server's clock   2 epoch, '' = any   3… see each script
-- Fields of the job hash (times in Unix milliseconds):
--   epoch total next processed succeeded failed   counters; next = first position never claimed
--   imported          rows that the database has, from position 0; only these are claimed
--   closed            '1' once nothing may be recorded any more; polls show the phase finishing
--   flushed           stream ID up to which the database holds the results
--   unflushed_bytes   bytes of entries not yet trimmed
--   phase             paused, cancelling, failing: no row is dispatched; see models.BulkJob
--   status error waiting_for parked_until max_rate started_at last_at
--   facts             JSON of the job's row, for polls: flush/job_hash.py
--   window speed      rows in flight at most; rows a second of one worker process
--   paced_at          until when max_rate is used up
--   quota_eta         before it the quota does not let the job end
--   mark_at mark_n past_at past_n   two samples of (time, processed) for the rate
-- Field of the leases hash: token → 'first:last:rows:deadline:lost_workers:state'. This is the only place that explains
-- it; leases.py reads it.
--   first last     positions from first up to, not including, last
--   rows           how many of them the batch has
--   deadline       Unix ms; 0 = may be claimed at once
--   lost_workers   worker processes that died with these rows
--   state          queued (the message waits) | running (a worker started it) | released (its rest may be claimed)
local JOB, SEEN, STREAM, LEASES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local NOW, EPOCH = ARGV[1], ARGV[2]

local function clock()
  if NOW ~= '' then return tonumber(NOW) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Why a script must not touch this job, or nil.
local function refusal(epoch, closed)
  if not epoch then return 'gone' end
  if EPOCH ~= '' and epoch ~= EPOCH then return 'epoch' end
  if closed == '1' then return 'closed' end
end

-- True if the job is to end without the rest of its rows.
local function is_ending(phase)
  return phase == 'cancelling' or phase == 'failing'
end

local function decode_lease(text)
  local first, last, rows, deadline, lost, state = string.match(text, '^(%d+):(%d+):(%d+):(%d+):(%d+):(%a+)$')
  return { first = tonumber(first), last = tonumber(last), rows = tonumber(rows), deadline = tonumber(deadline),
           lost_workers = tonumber(lost), state = state }
end

local function encode_lease(lease)
  return string.format('%d:%d:%d:%d:%d:%s', lease.first, lease.last, lease.rows, lease.deadline, lease.lost_workers,
                       lease.state)
end

-- True if the deadline was written before the clock was set back, since no lease ends so late. The limit is two lease
-- times: clocks are also corrected by milliseconds, and that must not end the lease of a living worker.
local function written_in_the_future(lease, now, lease_ms)
  return lease.deadline > now + 2 * lease_ms
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
