-- Whoever asks first fails its job; the others wait.
-- Reply 1 while the key is refused and nobody has been told
local s = state()
if s.reason ~= 'key' or s.other_key then return 0 end
return redis.call('HSETNX', BREAKER, 'told', 1)
