-- Takes tokens, as many as there are, for requests that go out now.
-- ARGV  5 wanted, 0 = only look   6 tokens to leave for others   7 used elsewhere while Redis was away
--       8 '1' = interactive: may use what long windows keep for it, and ask before their use is told
-- Reply {tokens, ms until asking again is worth it, halvings in force, 1 = some window is not told,
--        and for each long window: tokens left for the caller, ms until it ends, the caller's part of a whole one}
local wanted, reserve, debt, interactive = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == '1'
local known = redis.call('HMGET', QUOTA, 'full_at', 'blocked', 'slow', 'slow_at')
local level = slowness(known[3], known[4])
local tokens, wait = wanted, 0

local blocked = tonumber(known[2]) or 0
if blocked > now then tokens, wait = 0, blocked - now end

local interval, depth, full_at = minute(known[1], level)
if interval > 0 then
  -- However long Redis was away, processes that keep to their local limits used up no more than a burst.
  full_at = math.max(full_at, math.min(full_at + debt * interval, now + depth))
  local free = math.floor((now + depth - full_at) / interval + 1e-6) - reserve
  tokens = math.min(tokens, free)
  if free < 1 then wait = math.max(wait, full_at + (1 + reserve) * interval - depth - now) end
end

-- The database tells within seconds what the long windows have used. Where nobody does, this is a first start.
local PATIENCE = 15000 -- ms
local since = tonumber(redis.call('HGET', QUOTA, 'untold_at'))
local first_start = since and now - since >= PATIENCE

local windows, ahead, untold = {}, {}, 0
each_window(function(name, limit, number, used, left)
  if not used and first_start then
    used = tonumber(redis.call('HGET', QUOTA, name .. ':early')) or 0
    redis.call('HSETNX', QUOTA, name .. ':early', 0)
  end
  windows[#windows + 1] = { name, number, used }
  local part = interactive and limit or limit - kept_of(limit)
  local free = part - (used or 0)
  for _, value in ipairs({ free, left, part }) do ahead[#ahead + 1] = value end
  if used then
    tokens = math.min(tokens, free)
    if free < 1 then wait = math.max(wait, left) end
  else
    untold = 1
    if not interactive then tokens, wait = 0, math.max(wait, 500) end
  end
end)

tokens = math.max(tokens, 0)
local spent = tokens + debt
if interval > 0 and (spent > 0 or not known[1]) then set_full_at(full_at + tokens * interval) end
if untold == 1 and not since then redis.call('HSET', QUOTA, 'untold_at', now) end
for _, window in ipairs(windows) do
  local name, number, used = window[1], window[2], window[3]
  if used then
    if spent > 0 then redis.call('HSET', QUOTA, name, number, name .. ':used', used + spent) end
  elseif spent > 0 then
    redis.call('HINCRBY', QUOTA, name .. ':early', spent)
  end
end
if tokens > 0 then wait = 0 elseif wanted > 0 then wait = math.max(wait, 1) end
return { tokens, math.ceil(wait), level, untold, unpack(ahead) }
