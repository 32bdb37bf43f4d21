-- After a 429: nobody asks for a while, and the rate is halved for a while longer.
-- ARGV  5 ms to wait as the provider says, '' = it does not say
-- Reply ms until asking again is worth it
local FIRST, LONGEST, LEAST, DEEPEST = 5000, 60000, 1000, 3
local known = redis.call('HMGET', QUOTA, 'full_at', 'slow', 'slow_at', 'blocked')
local level, at = slowness(known[2], known[3]), tonumber(known[3]) or 0
local wait = tonumber(ARGV[5])
-- Requests that were under way together are refused together: that is one 429.
if now - at >= 1000 then
  wait = math.max(wait or math.min(FIRST * 2 ^ level, LONGEST), LEAST)
  level = math.min(level + 1, DEEPEST)
  redis.call('HSET', QUOTA, 'slow', level, 'slow_at', now)
end
local blocked = math.max(tonumber(known[4]) or 0, now + (wait or 0))
redis.call('HSET', QUOTA, 'blocked', blocked)
local interval, depth = minute(known[1], level)
if interval > 0 then set_full_at(math.max(tonumber(known[1]) or 0, now + depth)) end
return math.max(blocked - now, 0)
