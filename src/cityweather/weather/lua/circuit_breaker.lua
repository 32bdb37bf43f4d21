-- What the scripts of the circuit breaker share.
-- KEYS  1 hash of one provider, absent while the breaker is closed:
--         reason             provider | key
--         until length       nobody asks before this moment, Unix ms; how far off it was, ms
--         since              when this trouble began, Unix ms
--         asked_since        since when it was asked without a break longer than KEY_PAUSE, Unix ms
--         times              openings in a row
--         key                fingerprint of the key that was in use
--         holder held_until  who may probe, and until when that is believed, Unix ms
--       2 set of the cities that failed for people since anybody's last success
-- Arguments of all: holder   a batch or a look-up, '' = only looks
--                   key      fingerprint of the caller's key
local BREAKER, FAILING = KEYS[1], KEYS[2]
local holder, key = args.holder, args.key
local FIRST, LONGEST, KEY_PAUSE, PROBE = 1000, 15000, 60000, 10000 -- ms
local now = clock()

local function state()
  local f = redis.call('HMGET', BREAKER, 'reason', 'until', 'length', 'since', 'times', 'key', 'holder', 'held_until',
                       'asked_since')
  local s = { reason = f[1], wait = (tonumber(f[2]) or 0) - now, since = tonumber(f[4]) or now,
              times = tonumber(f[5]) or 0, holder = f[7], held = (tonumber(f[8]) or 0) - now,
              asked_since = tonumber(f[9]) or now }
  s.other_key = s.reason == 'key' and f[6] ~= key
  -- A pause that is longer than it was meant to be was noted by a clock that has been set back since.
  if s.wait > (tonumber(f[3]) or s.wait) or s.other_key then s.wait = 0 end
  if s.held > PROBE then s.held = 0 end
  -- A drain or the quota kept everybody from asking: what the provider would have answered is not known.
  if s.wait < -KEY_PAUSE then s.asked_since = now end
  s.asked_since = math.min(s.asked_since, now)
  s.since = math.min(s.since, now)
  return s
end

-- Opens the breaker. Reply {wait: ms until asking again is worth it, opened: true at the first of several openings}
local function open(s, reason, length)
  local same = s.reason == reason and not s.other_key
  redis.call('HSET', BREAKER, 'reason', reason, 'until', now + length, 'length', length,
             'since', same and s.since or now, 'asked_since', same and s.asked_since or now, 'times', s.times + 1,
             'key', key, 'holder', '', 'held_until', 0)
  return cjson.encode({ wait = length, opened = not same })
end

-- An outage. What fails while the breaker is open was sent before it opened, or is not the probe.
local function outage(s, retry_after)
  if s.reason and (s.wait > 0 or (s.holder ~= holder and s.held > 0)) then
    return cjson.encode({ wait = math.max(s.wait, 500), opened = false })
  end
  if s.reason == 'key' and not s.other_key then return open(s, 'key', KEY_PAUSE) end
  local wait = math.min(FIRST * 2 ^ math.min(s.times, 10), LONGEST)
  return open(s, 'provider', math.max(wait, retry_after))
end
