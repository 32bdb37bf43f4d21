-- A city failed on the interactive path, where no batch tells whose fault it was. Several different ones are an outage.
-- KEYS  2 set of such cities   ARGV  4 the city
-- Reply ms until asking again is worth it, 0 = the breaker stays closed
local CITIES, REMEMBERED = 3, 30000 -- ms
redis.call('SADD', KEYS[2], ARGV[4])
redis.call('PEXPIRE', KEYS[2], REMEMBERED)
if redis.call('SCARD', KEYS[2]) < CITIES then return 0 end
redis.call('DEL', KEYS[2])
return outage(state(), 0)
