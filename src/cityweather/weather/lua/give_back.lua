-- Tokens that were taken a moment ago and not used.
-- ARGV  5 tokens
-- Reply 1, or 0 when Redis has forgotten that they were taken
local tokens = tonumber(ARGV[5])
local known = redis.call('HMGET', QUOTA, 'full_at', 'slow', 'slow_at')
if not known[1] and tonumber(ARGV[2]) > 0 then return 0 end
local interval, _, full_at = minute(known[1], slowness(known[2], known[3]))
local windows = {}
each_window(function(name, _, number, used)
  if used then windows[#windows + 1] = { name, number, math.max(0, used - tokens) } end
end)
if interval > 0 then set_full_at(math.max(now, full_at - tokens * interval)) end
for _, w in ipairs(windows) do redis.call('HSET', QUOTA, w[1], w[2], w[1] .. ':used', w[3]) end
return 1
