-- After a 429: nobody asks for a while, and the rate is halved for a while longer.
-- ARGV  5 ms to wait as the provider says, '' = it does not say
-- Reply ms until asking again is worth it
local FIRST, LONGEST, DEEPEST = 5000, 60000, 3
local known = redis.call('HMGET', QUOTA, 'full_at', 'slow', 'slow_at', 'blocked')
local level, at = slowness(known[2], known[3]), tonumber(known[3]) or 0
local wait = tonumber(ARGV[5])
-- Requests that were under way together are refused together: that is one 429.
if now - at >= 1000 or now < at then
  wait = wait or math.min(FIRST * 2 ^ level, LONGEST)
  level = math.min(level + 1, DEEPEST)
  redis.call('HSET', QUOTA, 'slow', level, 'slow_at', now)
end
local blocked = tonumber(known[4]) or 0
-- A moment more than a day ahead was noted by a clock that has been set back since.
if blocked > now + 86400000 then blocked = 0 end
blocked = math.max(blocked, now + (wait or 0))
redis.call('HSET', QUOTA, 'blocked', blocked)
local interval, depth = minute(known[1], level)
if interval > 0 then set_full_at(math.max(tonumber(known[1]) or 0, now + depth)) end
return math.max(blocked - now, 0)
