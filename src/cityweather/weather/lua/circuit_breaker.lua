-- The circuit breaker of one provider.
-- KEYS  1 hash, absent while the breaker is closed:
--         reason             provider | key
--         until length       nobody asks before this moment, Unix ms; how far off it was, ms
--         since              when this trouble began, Unix ms
--         asked_since        since when it was asked without a break longer than KEY_PAUSE, Unix ms
--         times              openings in a row
--         key                fingerprint of the key that was in use
--         holder held_until  who may probe, and until when that is believed, Unix ms
--       2 set of the cities that failed for people since anybody's last success
-- ARGV  1 action        one of those below
--         holder        a batch or a look-up, '' = only looks
--         key           fingerprint of the caller's key
--         retry_after   of record_failure: ms to wait, from the provider's answer; 0 = it did not contain any
--         city          of record_city_failure: stands for the city's name
-- Reply of check            {state: closed | open | probe, reason, wait: ms, asked_since: Unix ms}
--       of record_success   {closed: true when this call closed it, reason, since: Unix ms}
--       of release_probe    {}
--       of the others       {wait: ms until asking again is worth it, 0 = the breaker stays closed,
--                            opened: true at the first of several openings}
local BREAKER, FAILING = KEYS[1], KEYS[2]
local holder, key = args.holder, args.key
local FIRST, LONGEST, KEY_PAUSE, PROBE = 1000, 15000, 60000, 10000 -- ms
local CITIES, REMEMBERED = 3, 30000 -- so many different cities without a success between them are an outage; ms

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
  s.other_holds = s.holder ~= holder and s.held > 0
  return s
end

local function open(s, reason, length)
  local same = s.reason == reason and not s.other_key
  redis.call('HSET', BREAKER, 'reason', reason, 'until', now + length, 'length', length,
             'since', same and s.since or now, 'asked_since', same and s.asked_since or now, 'times', s.times + 1,
             'key', key, 'holder', '', 'held_until', 0)
  return { wait = length, opened = not same }
end

local function outage(retry_after)
  local s = state()
  -- What fails while the breaker is open was sent before it opened, or is not the probe.
  if s.reason and (s.wait > 0 or s.other_holds) then return { wait = math.max(s.wait, 500), opened = false } end
  if s.reason == 'key' and not s.other_key then return open(s, 'key', KEY_PAUSE) end
  local wait = math.min(FIRST * 2 ^ math.min(s.times, 10), LONGEST)
  return open(s, 'provider', math.max(wait, retry_after))
end

local actions = {}

-- When the pause is over the first caller may ask, as the probe. If it checks again, it remains the probe.
function actions.check()
  local s = state()
  if not s.reason then return { state = 'closed' } end
  local reply = { state = 'open', reason = s.reason, wait = s.wait, asked_since = s.asked_since }
  if s.wait <= 0 and s.other_holds then
    reply.wait = math.min(s.held, 500)
  elseif s.wait <= 0 then
    reply.state, reply.wait = 'probe', 0
    if holder ~= '' then redis.call('HSET', BREAKER, 'holder', holder, 'held_until', now + PROBE) end
  end
  return reply
end

-- Only the probe closes the breaker: other answers are to requests sent before it opened.
function actions.record_success()
  redis.call('DEL', FAILING)
  local s = state()
  if not s.reason or holder == '' or s.holder ~= holder then return { closed = false } end
  redis.call('DEL', BREAKER)
  return { closed = true, reason = s.reason, since = s.since }
end

function actions.record_failure()
  return outage(args.retry_after)
end

-- A look-up failed; it has no other cities to compare with.
function actions.record_city_failure()
  redis.call('SADD', FAILING, args.city)
  redis.call('PEXPIRE', FAILING, REMEMBERED)
  if redis.call('SCARD', FAILING) < CITIES then return { wait = 0, opened = false } end
  redis.call('DEL', FAILING)
  return outage(0)
end

-- One probe a minute finds out when the key works. Requests that were under way together are refused together.
function actions.record_key_refusal()
  local s = state()
  if s.reason == 'key' and not s.other_key and s.wait > 0 then return { wait = s.wait, opened = false } end
  return open(s, 'key', KEY_PAUSE)
end

-- Another caller may probe at once. A holder that took too long has lost the probe to another and changes nothing.
function actions.release_probe()
  if redis.call('HGET', BREAKER, 'holder') == holder then redis.call('HSET', BREAKER, 'held_until', 0) end
  return {}
end

return cjson.encode(actions[args.action]())
