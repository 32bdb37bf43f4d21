-- The end of a flight, told by its holder only: a holder that took too long has lost it to another.
-- KEYS  1 string, the holder   ARGV  1 holder   2 what went wrong, '' = nothing   3 ms that is remembered
-- Reply 1 when the caller still held it
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
