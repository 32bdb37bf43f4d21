-- The database holds the ended job: the keys may go.
-- ARGV  3 status   4 seconds to keep
-- Reply 1, or 0 when there is no such job
if refusal(redis.call('HGET', JOB, 'epoch'), '') then return 0 end
redis.call('HSET', JOB, 'closed', '1', 'status', ARGV[3], 'phase', 'ended')
for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], ARGV[4]) end
return 1
