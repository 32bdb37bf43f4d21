-- Put in front of the scripts that a limiter or the breaker runs.
-- ARGV  1 a JSON object: the script's arguments by name; `now` (Unix ms) replaces the server's clock in tests
-- Every reply is a JSON object, too.
local args = cjson.decode(ARGV[1])

local function clock()
  if args.now then return args.now end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
