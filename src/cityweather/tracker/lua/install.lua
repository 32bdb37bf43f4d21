-- Replaces a job's whole state at once by one made from the database.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 marker stream ID, '' = the job has not started and has none; then state that is there stays
--       4 bitmap of the rows done   5… field, value, … of the job hash
-- Reply 1, or 0 when the state stays
local MARKER, DONE = ARGV[3], ARGV[4]
if MARKER == '' and redis.call('EXISTS', JOB) == 1 then return 0 end
redis.call('DEL', JOB, SEEN, STREAM, LEASES)
if #DONE > 0 then redis.call('SET', SEEN, DONE) end
-- IDs given by '*' never fall below this one, even when the server's clock is behind the clock that made it.
if MARKER ~= '' then redis.call('XADD', STREAM, MARKER, 'm', '1') end
redis.call('HSET', JOB, unpack(ARGV, 5))
return 1
