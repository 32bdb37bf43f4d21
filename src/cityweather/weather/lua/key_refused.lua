-- Reply ms until asking again is worth it
local s = state()
local known = s.reason == 'key' and not s.other_key
if known and s.wait > 0 then return s.wait end
if not known then redis.call('HDEL', BREAKER, 'told') end
return open(s, 'key', KEY)
