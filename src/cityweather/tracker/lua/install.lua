-- Replaces a job's whole state at once by one made from the database.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 marker stream ID   4 bitmap of the rows done   5… field, value, … of the job hash
-- Reply nothing
local MARKER, DONE, FIRST = ARGV[3], ARGV[4], 5
redis.call('DEL', JOB, SEEN, STREAM, LEASES)
if #DONE > 0 then redis.call('SET', SEEN, DONE) end
-- IDs given by '*' never fall below this one, even when the server's clock is behind the clock that made it.
redis.call('XADD', STREAM, MARKER, 'm', '1')
redis.call('HSET', JOB, unpack(ARGV, FIRST))
