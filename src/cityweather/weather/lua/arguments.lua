-- Put in front of the scripts of the three limits. Their arguments and their replies are JSON objects.
-- ARGV  1 the arguments by name; `now` (Unix ms) replaces the server's clock in tests
local args = cjson.decode(ARGV[1])
local now = args.now
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
