-- Reads everything the audit compares, at one instant.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3… fields of the job hash
-- Reply {values of the fields, bitmap, its number of bits, {entry id, {name, value, …}}…}
local FIRST = 3
return { redis.call('HMGET', JOB, unpack(ARGV, FIRST)), redis.call('GET', SEEN), redis.call('BITCOUNT', SEEN),
         redis.call('XRANGE', STREAM, '-', '+') }
