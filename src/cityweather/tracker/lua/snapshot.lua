-- Everything the audit compares, at one instant.
-- ARGV  3… fields of the job hash
-- Reply {values of the fields, bitmap, its bits, {entry id, {name, value, …}}…}
return { redis.call('HMGET', JOB, unpack(ARGV, 3)), redis.call('GET', SEEN), redis.call('BITCOUNT', SEEN),
         redis.call('XRANGE', STREAM, '-', '+') }
