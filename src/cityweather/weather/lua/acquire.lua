-- Takes tokens, as many as there are, for requests that go out now.
-- Arguments: wanted        0 = only look
--            reserve       tokens of the burst to leave for others
--            interactive   true: may use what longer windows keep for people, and need not wait until they are restored
-- Reply {tokens, wait: ms until asking again is worth it, halvings, restored,
--        windows: [[tokens left for the caller, ms until the window ends, the caller's part of a whole one], …],
--        parked: why jobs wait from now on, in one reply only}
local wanted, reserve, interactive = args.wanted, args.reserve, args.interactive
local known = redis.call('HMGET', LIMITER, 'full_at', 'blocked', 'slow', 'slow_at', 'restored', 'parked')
local level = halvings(known[3], known[4])
local tokens, wait, reason = wanted, 0, nil

local function limit(free, free_in, why)
  tokens = math.min(tokens, free)
  if free < 1 and free_in > wait then wait, reason = free_in, why end
end

local blocked = tonumber(known[2]) or 0
if blocked > now then limit(0, blocked - now, 'throttled') end

local interval, depth, full_at = minute(known[1], level)
if interval > 0 then
  local free = math.floor((now + depth - full_at) / interval + 1e-6) - reserve
  limit(free, full_at + (1 + reserve) * interval - depth - now, 'minute')
end

local restored = known[5] == '1' or #args.windows == 0
if not restored and not interactive then limit(0, 500, 'restoring') end
local used_in, windows = {}, {}
each_window(function(window, number, used, ends_in)
  local part = window.limit
  if not interactive then part = part - math.min(part - 1, math.max(1, math.floor(part * KEPT))) end
  limit(part - used, ends_in, window.name)
  used_in[#used_in + 1] = { window, number, used }
  windows[#windows + 1] = { part - used, ends_in, part }
end)

tokens = math.max(tokens, 0)
if interval > 0 and (tokens > 0 or not known[1]) then set_full_at(full_at + tokens * interval) end
if tokens > 0 then
  wait = 0
  for _, w in ipairs(used_in) do set_used(w[1], w[2], w[3] + tokens) end
elseif wanted > 0 then
  wait = math.max(math.ceil(wait), 1)
end

local reply = { tokens = tokens, wait = math.ceil(wait), halvings = level, restored = restored }
if #windows > 0 then reply.windows = windows end
if wanted > 0 and wait > LONGEST_PAUSE and not interactive and (tonumber(known[6]) or 0) <= now then
  redis.call('HSET', LIMITER, 'parked', now + wait)
  reply.parked = reason
end
return cjson.encode(reply)
