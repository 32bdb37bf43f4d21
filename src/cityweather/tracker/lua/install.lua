-- Puts a job's whole state in place at once: a new job, or one rebuilt from the database.
-- ARGV  3 marker stream ID   4 seen bitmap   5… field, value, … of the job hash
-- Reply 1
redis.call('DEL', JOB, SEEN, STREAM, LEASES)
if #ARGV[4] > 0 then redis.call('SET', SEEN, ARGV[4]) end
-- '*' never falls below this ID, even when the server's clock is behind the one that made it.
redis.call('XADD', STREAM, ARGV[3], 'm', '1')
redis.call('HSET', JOB, unpack(ARGV, 5))
return 1
