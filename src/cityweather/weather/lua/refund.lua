-- Gives tokens back that were taken a moment ago and not used.
-- Arguments: tokens
-- Reply {}
local tokens = args.tokens
local known = redis.call('HMGET', LIMITER, 'full_at', 'slow', 'slow_at')
if args.interval > 0 and not known[1] then return '{}' end -- Redis has forgotten that they were taken
local interval, _, full_at = minute(known[1], halvings(known[2], known[3]))
if interval > 0 then set_full_at(math.max(now, full_at - tokens * interval)) end
each_window(function(window, number, used) set_used(window, number, math.max(0, used - tokens)) end)
return '{}'
