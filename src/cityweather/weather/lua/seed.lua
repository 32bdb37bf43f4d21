-- Tells Redis what the long windows have used, where it does not know or has gone back to an older copy.
-- ARGV  5 tokens that may have been used since that was noted down   6… name, period, used, …
-- Reply number of windows told
local noted = {}
for i = 6, #ARGV, 3 do noted[ARGV[i] .. ':' .. ARGV[i + 1]] = tonumber(ARGV[i + 2]) end
local told, nobody_told = 0, redis.call('HEXISTS', QUOTA, 'untold_at') == 1
each_window(function(name, _, number, used)
  local before = noted[string.format('%s:%d', name, number)]
  local early = tonumber(redis.call('HGET', QUOTA, name .. ':early'))
  local total = math.max(used or 0, before or 0)
  if not used or (early and nobody_told) then
    total = (used or early or 0) + (before and before + tonumber(ARGV[5]) or 0)
  end
  redis.call('HDEL', QUOTA, name .. ':early')
  if total == used then return end
  redis.call('HSET', QUOTA, name, number, name .. ':used', total)
  told = told + 1
end)
redis.call('HDEL', QUOTA, 'untold_at')
return told
