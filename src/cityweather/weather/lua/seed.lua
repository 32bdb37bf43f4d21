-- Tells Redis what the long windows have used, where it does not know.
-- ARGV  5 tokens that may have been used since that was noted down   6… name, period, used, …
-- Reply number of windows told
local noted = {}
for i = 6, #ARGV, 3 do noted[ARGV[i] .. ':' .. ARGV[i + 1]] = tonumber(ARGV[i + 2]) end
local told = 0
each_window(function(name, _, number, used)
  if used then return end
  local early = tonumber(redis.call('HGET', QUOTA, name .. ':early')) or 0
  local before = noted[string.format('%s:%d', name, number)]
  local total = early
  if before then total = early + before + tonumber(ARGV[5]) end
  redis.call('HSET', QUOTA, name, number, name .. ':used', total)
  redis.call('HDEL', QUOTA, name .. ':early')
  told = told + 1
end)
redis.call('HDEL', QUOTA, 'untold_at')
return told
