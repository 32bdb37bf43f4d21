-- After a 429: nobody asks for a while, and the rate is halved for a while longer.
-- Arguments: retry_after   ms to wait, from the provider's answer; absent: it did not contain one
-- Reply {wait: ms until asking again is worth it, parked: true when jobs wait from now on, in one reply only}
local FIRST, LONGEST, LEAST, DEEPEST = 5000, 60000, 1000, 3
local known = redis.call('HMGET', LIMITER, 'full_at', 'slow', 'slow_at', 'blocked', 'parked')
local level, at = halvings(known[2], known[3]), tonumber(known[3]) or 0
local wait = args.retry_after
-- Requests that were under way together are refused together: that is one 429.
if now - at >= 1000 then
  wait = math.max(wait or math.min(FIRST * 2 ^ level, LONGEST), LEAST)
  level = math.min(level + 1, DEEPEST)
  redis.call('HSET', LIMITER, 'slow', level, 'slow_at', now)
end
local blocked = math.max(tonumber(known[4]) or 0, now + (wait or 0))
redis.call('HSET', LIMITER, 'blocked', blocked)
local interval, depth = minute(known[1], level)
if interval > 0 then set_full_at(math.max(tonumber(known[1]) or 0, now + depth)) end
local parked = blocked - now > LONGEST_PAUSE and (tonumber(known[5]) or 0) <= now
if parked then redis.call('HSET', LIMITER, 'parked', blocked) end
return cjson.encode({ wait = math.max(blocked - now, 0), parked = parked })
