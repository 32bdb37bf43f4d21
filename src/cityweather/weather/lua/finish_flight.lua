-- Ends a flight. A holder that took too long has lost it to another and changes nothing.
-- KEYS  1 string, the holder   ARGV  1 holder   2 what went wrong, '' = nothing   3 ms that is remembered
-- Reply 1 when the caller still held it
local FLIGHT, holder, failure, remembered = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', FLIGHT) ~= holder then return 0 end
if failure == '' then redis.call('DEL', FLIGHT) else redis.call('SET', FLIGHT, failure, 'PX', remembered) end
return 1
