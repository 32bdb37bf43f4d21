-- Writes many cached answers; a pipeline of SETs costs the client three times as much.
-- KEYS  names   ARGV  1 ms they last   2… values
-- Reply number written
local lasts = ARGV[1]
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', lasts) end
return #KEYS
