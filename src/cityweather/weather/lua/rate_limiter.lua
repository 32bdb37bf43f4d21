-- The rate limiter of one provider.
-- KEYS  1 hash:
--         full_at          when a minute's tokens are all there again (GCRA's theoretical arrival time), Unix ms
--         blocked          nobody asks before this moment, Unix ms
--         slow slow_at     how many times the rate is halved after 429s, and when the last of them came, Unix ms
--         NAME NAME:used   of each longer quota window: its current period, and the tokens used in it
--         restored         '1' once the longer quota windows hold what the database knew
--         parked           until when jobs wait for the quota, Unix ms: that is logged once
-- ARGV  1 action        one of those below
--         interval      ms a token at the full rate, 0 = no limit a minute
--         burst         tokens
--         windows       the longer quota windows: [{name, limit, periods: [{number, ends: Unix ms}, …]}, …]; periods are the last,
--                       this and the next one by the caller's clock
--         longest_pause ms a batch waits in place; for longer its job is parked
--         wanted        of acquire: tokens, 0 = only look
--         reserve       of acquire: tokens of the burst to leave for others
--         interactive   of acquire: true = for a person, who may use what bulk leaves of these, and need
--                       not wait until these are restored
--         tokens        of refund: how many
--         retry_after   of back_off: ms to wait, from the provider's answer; absent = it did not contain any
--         noted         of restore_usage: what the database holds, {'NAME:PERIOD': tokens, …}
--         slack         of restore_usage: tokens that may have been used after that was noted
-- Reply of acquire         {tokens, wait: ms until asking again is worth it, halvings, restored,
--                           windows: [[tokens left for the caller, ms until it ends, caller's part of it], …] of the quota windows,
--                           parked: why jobs wait from now on, in one reply only}
--       of back_off        {wait: as above, parked: true when jobs wait from now on, in one reply only}
--       of refund          {}
--       of restore_usage   {changed: number of quota windows whose count was corrected}
local LIMITER = KEYS[1]
local SLOW_FOR = 60000 -- ms until one halving is taken back
local FURTHEST = 60000 -- ms full_at may lie ahead: a clock set back must not block for longer
local KEPT = 0.05 -- of a longer quota window, which bulk leaves to people
local RESTORING = 500 -- ms between looks whether the longer quota windows are restored
local FIRST, LONGEST, LEAST, DEEPEST = 5000, 60000, 1000, 3 -- ms after a 429 that names none or few; halvings

local known = redis.call('HMGET', LIMITER, 'full_at', 'blocked', 'slow', 'slow_at', 'restored', 'parked')
local blocked, slow, slow_at = tonumber(known[2]) or 0, tonumber(known[3]) or 0, tonumber(known[4]) or 0
local restored, parked = known[5] == '1', tonumber(known[6]) or 0

-- After the clock was set back, a pause and a slower rate begin again: else they would last until it has caught up.
-- A call that only looks writes this, too, since nobody else may come while jobs are parked.
if slow_at > now then
  blocked, slow_at, parked = blocked - (slow_at - now), now, 0
  redis.call('HSET', LIMITER, 'blocked', blocked, 'slow_at', slow_at, 'parked', parked)
end
local halvings = math.max(0, slow - math.floor((now - slow_at) / SLOW_FOR))

-- The minute: ms a token now, ms of tokens that fit, and full_at. An unknown state counts as used up.
local function minute(level)
  local interval = args.interval * 2 ^ level
  local depth = interval * args.burst
  local full_at = tonumber(known[1]) or now + depth
  return interval, depth, math.min(math.max(full_at, now), now + math.max(depth, FURTHEST))
end

local function set_full_at(full_at)
  redis.call('HSET', LIMITER, 'full_at', string.format('%.3f', full_at))
end

-- The period that the server's clock is in, of those that the caller's clock suggests; ms until it ends.
local function period(window)
  local current
  for _, candidate in ipairs(window.periods) do
    current = candidate
    if now < current.ends then break end
  end
  return current.number, math.max(current.ends - now, 0)
end

-- The longer quota windows, as [{name, limit, number: of the period, used: tokens, ends_in: ms}, …].
local function longer_windows()
  local windows = {}
  for i, window in ipairs(args.windows) do
    local number, ends_in = period(window)
    local counted = redis.call('HMGET', LIMITER, window.name, window.name .. ':used')
    local noted, used = tonumber(counted[1]) or number, tonumber(counted[2]) or 0
    if noted < number then used = 0 else number = noted end -- if the clock went back, what was used stays used
    windows[i] = { name = window.name, limit = window.limit, number = number, used = used, ends_in = ends_in }
  end
  return windows
end

local function set_used(window, used)
  redis.call('HSET', LIMITER, window.name, window.number, window.name .. ':used', used)
end

local function part_of_caller(window) -- in tokens
  if args.interactive then return window.limit end
  return window.limit - math.min(window.limit - 1, math.max(1, math.floor(window.limit * KEPT)))
end

-- How many of the wanted tokens the limits leave; ms until the next one if they leave none, and which limit it is.
local function available(windows, complete)
  local tokens, wait, reason = args.wanted, 0, nil
  local function limit(free, free_in, why)
    tokens = math.max(math.min(tokens, free), 0)
    if free < 1 and free_in > wait then wait, reason = free_in, why end
  end
  if blocked > now then limit(0, blocked - now, 'throttled') end
  local interval, depth, full_at = minute(halvings)
  if interval > 0 then
    local free = math.floor((now + depth - full_at) / interval + 1e-6) - args.reserve
    limit(free, full_at + (1 + args.reserve) * interval - depth - now, 'minute')
  end
  if not complete and not args.interactive then limit(0, RESTORING, 'restoring') end
  for _, window in ipairs(windows) do limit(part_of_caller(window) - window.used, window.ends_in, window.name) end
  if tokens > 0 then return tokens, 0, nil end
  local least = args.wanted > 0 and 1 or 0 -- who wants tokens and gets none must not ask again at once
  return 0, math.max(math.ceil(wait), least), reason
end

local actions = {}

-- Takes tokens, as many as there are, for requests that go out now.
function actions.acquire()
  local windows, complete = longer_windows(), restored or #args.windows == 0
  local tokens, wait, reason = available(windows, complete)
  local interval, _, full_at = minute(halvings)
  if interval > 0 and (tokens > 0 or not known[1]) then set_full_at(full_at + tokens * interval) end
  local reply = { tokens = tokens, wait = wait, halvings = halvings, restored = complete }
  for i, window in ipairs(windows) do
    if tokens > 0 then set_used(window, window.used + tokens) end
    local part = part_of_caller(window)
    reply.windows = reply.windows or {} -- an empty one would become an object
    reply.windows[i] = { part - window.used, window.ends_in, part }
  end
  if args.wanted > 0 and wait > args.longest_pause and not args.interactive and parked <= now then
    redis.call('HSET', LIMITER, 'parked', now + wait)
    reply.parked = reason
  end
  return reply
end

-- Gives tokens back that were taken a moment ago and not used.
function actions.refund()
  if args.interval > 0 and not known[1] then return {} end -- Redis has forgotten that they were taken
  local interval, _, full_at = minute(halvings)
  if interval > 0 then set_full_at(math.max(now, full_at - args.tokens * interval)) end
  for _, window in ipairs(longer_windows()) do set_used(window, math.max(0, window.used - args.tokens)) end
  return {}
end

-- After a 429: nobody asks for a while, and the rate is halved for a while longer.
function actions.back_off()
  local level, wait = halvings, args.retry_after or 0
  -- Requests that were under way together are refused together: that is one 429.
  if now - slow_at >= 1000 then
    wait = math.max(args.retry_after or math.min(FIRST * 2 ^ level, LONGEST), LEAST)
    level = math.min(level + 1, DEEPEST)
    redis.call('HSET', LIMITER, 'slow', level, 'slow_at', now)
  end
  local free_at = math.max(blocked, now + wait)
  redis.call('HSET', LIMITER, 'blocked', free_at)
  local interval, depth = minute(level)
  if interval > 0 then set_full_at(math.max(tonumber(known[1]) or 0, now + depth)) end
  local parks = free_at - now > args.longest_pause and parked <= now
  if parks then redis.call('HSET', LIMITER, 'parked', free_at) end
  return { wait = math.max(free_at - now, 0), parked = parks }
end

-- Corrects what the longer quota windows have used where Redis does not know it or has gone back to an older copy.
function actions.restore_usage()
  local changed = 0
  for _, window in ipairs(longer_windows()) do
    local before = args.noted[string.format('%s:%d', window.name, window.number)]
    local total = math.max(window.used, before or 0)
    -- What Redis counted before it was restored came on top of what the database knew.
    if not restored then total = window.used + (before and before + args.slack or 0) end
    if not restored or total ~= window.used then
      set_used(window, total)
      changed = changed + 1
    end
  end
  redis.call('HSET', LIMITER, 'restored', 1)
  return { changed = changed }
end

return cjson.encode(actions[args.action]())
