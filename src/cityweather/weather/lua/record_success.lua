-- The provider answered. Only the probe closes the breaker: other answers are to requests sent before it opened.
-- Reply {closed: true when this call closed it, reason, since: Unix ms}
redis.call('DEL', FAILING)
local s = state()
if not s.reason or holder == '' or s.holder ~= holder then return cjson.encode({ closed = false }) end
redis.call('DEL', BREAKER)
return cjson.encode({ closed = true, reason = s.reason, since = s.since })
