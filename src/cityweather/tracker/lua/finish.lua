-- The database holds the ended job: its keys expire.
-- KEYS  1 job   2 seen   3 stream   4 leases
-- ARGV  3 status   4 seconds to keep the keys
-- Reply 1, or 0 when there is no such job
local STATUS, KEEP_SECONDS = ARGV[3], ARGV[4]
if refusal(redis.call('HGET', JOB, 'epoch'), '') then return 0 end
redis.call('HSET', JOB, 'closed', '1', 'status', STATUS, 'phase', 'ended')
for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], KEEP_SECONDS) end
return 1
