-- Follows the prelude in the breaker's scripts.
-- KEYS  1 hash of one provider, absent while the breaker is closed:
--   reason             provider | key
--   until length       nobody asks before this moment, Unix ms; how far off it was, ms
--   times              openings in a row
--   key                fingerprint of the key that was refused
--   told               a job has failed for it
--   holder held_until  who may probe, and for how long that is believed (ms)
-- ARGV  2 holder   3 fingerprint of the caller's key
local BREAKER, HOLDER, FINGERPRINT = KEYS[1], ARGV[2], ARGV[3]
local FIRST, LONGEST, KEY, PROBE = 1000, 15000, 60000, 10000 -- ms
local now = clock()

local function state()
  local f = redis.call('HMGET', BREAKER, 'reason', 'until', 'times', 'key', 'holder', 'held_until', 'length')
  local s = { reason = f[1], wait = (tonumber(f[2]) or 0) - now, times = tonumber(f[3]) or 0,
              holder = f[5], held = (tonumber(f[6]) or 0) - now }
  s.other_key = s.reason == 'key' and f[4] ~= FINGERPRINT
  -- Noted by a clock that has been set back since, or for a key that is not in use any more.
  if s.wait > (tonumber(f[7]) or s.wait) or s.other_key then s.wait = 0 end
  if s.held > PROBE then s.held = 0 end
  return s
end

-- Returns ms until asking again is worth it.
local function open(s, reason, length)
  redis.call('HSET', BREAKER, 'reason', reason, 'until', now + length, 'length', length, 'times', s.times + 1,
             'key', FINGERPRINT, 'holder', '', 'held_until', 0)
  return length
end

-- An outage; the provider may say for how many ms. What fails while the breaker is open went out before, or is not
-- the probe.
local function outage(s, said)
  if s.reason and (s.wait > 0 or (s.holder ~= HOLDER and s.held > 0)) then return math.max(s.wait, 500) end
  if s.reason == 'key' and not s.other_key then return open(s, 'key', KEY) end
  local wait = math.min(FIRST * 2 ^ math.min(s.times, 10), LONGEST)
  return open(s, 'provider', math.max(wait, said))
end
