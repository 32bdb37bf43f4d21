-- Corrects what the longer windows have used where Redis does not know it or has gone back to an older copy.
-- Arguments: noted   what the database holds: {'NAME:PERIOD': tokens, …}
--            slack   tokens that may have been used after that was noted
-- Reply {changed: number of windows whose count was corrected}
local first = redis.call('HGET', LIMITER, 'restored') ~= '1'
local changed = 0
each_window(function(window, number, used)
  local before = args.noted[string.format('%s:%d', window.name, number)]
  -- What Redis counted before it was restored came on top of what the database knew.
  local total = first and used + (before and before + args.slack or 0) or math.max(used, before or 0)
  if first or total ~= used then
    set_used(window, number, total)
    changed = changed + 1
  end
end)
redis.call('HSET', LIMITER, 'restored', 1)
return cjson.encode({ changed = changed })
