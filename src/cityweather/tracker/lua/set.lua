-- Sets fields of a job that is there: a plain HSET would make half a job out of one that Redis lost.
-- ARGV  3… field, value, …
-- Reply 1, or 0 when there is no such job
if refusal(redis.call('HGET', JOB, 'epoch'), '') then return 0 end
redis.call('HSET', JOB, unpack(ARGV, 3))
return 1
