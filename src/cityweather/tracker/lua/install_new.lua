-- Puts a job that has not started into Redis: no row is done, and no entry was flushed. State that is there stays.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3… field, value, … of the job hash
-- Reply nothing
local FIRST = 3
if redis.call('EXISTS', JOB) == 1 then return end
redis.call('DEL', SEEN, STREAM, LEASES)
redis.call('HSET', JOB, unpack(ARGV, FIRST))
