-- What the scripts of the rate limiter share.
-- KEYS  1 hash of one provider:
--         full_at          when a minute's tokens are all there again (GCRA's theoretical arrival time), Unix ms
--         blocked          nobody asks before this moment, Unix ms
--         slow slow_at     how many times the rate is halved after 429s, and when the last of them came, Unix ms
--         NAME NAME:used   of each longer window: its current period, and the tokens used in it
--         restored         '1' once the longer windows hold what the database knew
--         parked           until when jobs wait for the quota, Unix ms: that is logged once
-- Arguments of all: interval   ms a token at the full rate, 0 = no limit a minute
--                   burst      tokens
--                   windows    the longer ones: [{name, limit, periods: [{number, ends}, …]}, …]; periods are the last,
--                              this and the next one as the caller's clock has it, ends in Unix ms
local LIMITER = KEYS[1]
local SLOW_FOR = 60000 -- ms until one halving is taken back
local FURTHEST = 60000 -- ms full_at may lie ahead: a clock set back must not block for longer
local KEPT = 0.05 -- of a longer window, which bulk leaves to people
local LONGEST_PAUSE = 2000 -- ms a batch waits in place; for longer its job is parked
local now = clock()

-- After the clock was set back, a pause and a slower rate begin again: else they would last until it has caught up.
-- A call that only looks writes this, too, since nobody else may come while jobs are parked.
local slow_at = tonumber(redis.call('HGET', LIMITER, 'slow_at')) or 0
if slow_at > now then
  redis.call('HINCRBYFLOAT', LIMITER, 'blocked', now - slow_at)
  redis.call('HSET', LIMITER, 'slow_at', now, 'parked', 0)
end

local function halvings(level, at)
  level, at = tonumber(level) or 0, tonumber(at) or 0
  return math.max(0, level - math.floor((now - at) / SLOW_FOR))
end

-- The minute: ms a token now, ms of tokens that fit, and full_at. An unknown state counts as used up.
local function minute(full_at, level)
  local interval = args.interval * 2 ^ level
  local depth = interval * args.burst
  full_at = tonumber(full_at) or now + depth
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

-- Calls visit(window, period, used, ms until it ends) for each longer window.
local function each_window(visit)
  for _, window in ipairs(args.windows) do
    local number, ends_in = period(window)
    local known = redis.call('HMGET', LIMITER, window.name, window.name .. ':used')
    local noted, used = tonumber(known[1]) or number, tonumber(known[2]) or 0
    if noted < number then used = 0 else number = noted end -- if the clock went back, what was used stays used
    visit(window, number, used, ends_in)
  end
end

local function set_used(window, number, used)
  redis.call('HSET', LIMITER, window.name, number, window.name .. ':used', used)
end
