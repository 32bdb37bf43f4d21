-- Takes tokens, as many as there are, for requests that go out now.
-- ARGV  5 wanted, 0 = only look   6 at least   7 tokens to leave for others   8 used elsewhere while Redis was away
--       9 '1' = may ask before the long windows' use is told
-- Reply {tokens, ms until asking again is worth it, halvings in force, 1 = some window is not told}
local wanted, at_least, reserve = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local known = redis.call('HMGET', QUOTA, 'full_at', 'blocked', 'slow', 'slow_at')
local level = slowness(known[3], known[4])
local tokens, wait = wanted, 0

local blocked = tonumber(known[2]) or 0
-- More than a day ahead was noted by a clock that has been set back since.
if blocked > now and blocked <= now + 86400000 then tokens, wait = 0, blocked - now end

local interval, depth, full_at = minute(known[1], level)
if interval > 0 then
  full_at = full_at + tonumber(ARGV[8]) * interval
  at_least = math.min(at_least, tonumber(ARGV[3]) - reserve)
  local free = math.floor((now + depth - full_at) / interval + 1e-6) - reserve
  tokens = math.min(tokens, free)
  if free < math.max(at_least, 1) then
    wait = math.max(wait, full_at + (math.max(at_least, 1) + reserve) * interval - depth - now)
  end
end

local windows, untold = {}, 0
each_window(function(name, limit, number, used, left)
  windows[#windows + 1] = { name, number, used }
  if used then
    tokens = math.min(tokens, limit - used)
    if used >= limit then wait = math.max(wait, left) end
  else
    untold = 1
    if ARGV[9] ~= '1' then tokens, wait = 0, math.max(wait, 500) end
  end
end)

if tokens < at_least or wanted == 0 then tokens = 0 end
tokens = math.max(tokens, 0)
local spent = tokens + tonumber(ARGV[8])
if interval > 0 and (spent > 0 or not known[1]) then set_full_at(full_at + tokens * interval) end
for _, window in ipairs(windows) do
  local name, number, used = window[1], window[2], window[3]
  if used then
    if spent > 0 then redis.call('HSET', QUOTA, name, number, name .. ':used', used + spent) end
  elseif spent > 0 then
    redis.call('HINCRBY', QUOTA, name .. ':early', spent)
  end
end
if tokens > 0 then wait = 0 elseif wanted > 0 then wait = math.max(wait, 1) end
return { tokens, math.ceil(wait), level, untold }
