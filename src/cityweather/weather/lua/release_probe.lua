-- The probe was not sent, or its answer is no evidence about the provider: another caller may probe at once.
-- Reply {}
if redis.call('HGET', BREAKER, 'holder') == holder then redis.call('HSET', BREAKER, 'held_until', 0) end
return '{}'
