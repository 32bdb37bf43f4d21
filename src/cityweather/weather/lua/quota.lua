-- Follows the prelude in the quota's scripts.
-- KEYS  1 hash of one provider:
--   full_at          when a minute's tokens would all be used up no more (GCRA's theoretical arrival time), Unix ms
--   blocked          nobody asks before this moment, Unix ms
--   slow slow_at     how many times the rate is halved after 429s, and when the last of them came
--   NAME NAME:used   per long window: its current period and what that has used. Missing: not told yet (see seed)
--   NAME:early       interactive use before it was told; beside NAME:used: that began at nothing, as nobody told
--   untold_at        since when it is missing, Unix ms
-- ARGV  2 ms a token at full rate, 0 = no limit   3 burst   4 long windows, as 'name:seconds:limit …'
local QUOTA = KEYS[1]
local SLOW_FOR = 60000 -- ms until one halving is taken back
local FURTHEST = 60000 -- ms full_at may lie ahead: a clock set back must not block for longer
local KEPT = 0.05 -- of a long window, which bulk leaves to people
local now = clock()

-- A clock that was set back: a pause and a slower rate begin again now, or they would last until it has caught up.
local slow_at = tonumber(redis.call('HGET', QUOTA, 'slow_at')) or 0
if slow_at > now then
  redis.call('HINCRBYFLOAT', QUOTA, 'blocked', now - slow_at)
  redis.call('HSET', QUOTA, 'slow_at', now)
end

local function kept_of(limit)
  return math.min(limit - 1, math.max(1, math.floor(limit * KEPT)))
end

local function year_and_month(day)
  local year = 1970
  while true do
    local leap = (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0
    local months = { 31, leap and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
    for month = 1, 12 do
      if day < months[month] then return year * 100 + month, months[month] - day end
      day = day - months[month]
    end
    year = year + 1
  end
end

-- The number of the period that `now` lies in, and the ms until it ends.
local function period(seconds)
  local s = math.floor(now / 1000)
  if seconds == 2592000 then
    local number, days = year_and_month(math.floor(s / 86400))
    return number, days * 86400000 - now % 86400000
  end
  return math.floor(s / seconds), seconds * 1000 - now % (seconds * 1000)
end

local function slowness(level, at)
  level, at = tonumber(level) or 0, tonumber(at) or 0
  return math.max(0, level - math.floor((now - at) / SLOW_FOR))
end

-- The minute: ms a token now, ms of tokens that fit, and full_at. An unknown state counts as used up.
local function minute(full_at, level)
  local interval = tonumber(ARGV[2]) * 2 ^ level
  local depth = interval * tonumber(ARGV[3])
  full_at = tonumber(full_at) or now + depth
  return interval, depth, math.min(math.max(full_at, now), now + math.max(depth, FURTHEST))
end

-- Calls visit(name, limit, period, used, ms until its end) for each long window; used is nil until it is told.
local function each_window(visit)
  for name, seconds, limit in string.gmatch(ARGV[4], '(%a+):(%d+):(%d+)') do
    local number, left = period(tonumber(seconds))
    local known = redis.call('HMGET', QUOTA, name, name .. ':used')
    local used = tonumber(known[2])
    if used and known[1] and tonumber(known[1]) < number then
      used = 0
    elseif used then
      number = tonumber(known[1]) -- also when the clock went back: what was used stays used
    end
    visit(name, tonumber(limit), number, used, left)
  end
end

local function set_full_at(full_at)
  redis.call('HSET', QUOTA, 'full_at', string.format('%.3f', full_at))
end
