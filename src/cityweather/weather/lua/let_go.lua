-- A probe that was not sent, or that came back without a word about the provider: the next one need not wait for it.
if redis.call('HGET', BREAKER, 'holder') == HOLDER then redis.call('HSET', BREAKER, 'held_until', 0) end
return 0
