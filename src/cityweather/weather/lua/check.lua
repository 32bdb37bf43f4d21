-- May the caller ask? When the pause is over the first one may, as the probe; asking again keeps it the probe.
-- Reply {state: closed | open | probe, reason, wait: ms, asked_since: Unix ms}
local s = state()
if not s.reason then return cjson.encode({ state = 'closed' }) end
local reply = { state = 'open', reason = s.reason, wait = s.wait, asked_since = s.asked_since }
if s.wait <= 0 then
  if s.holder ~= holder and s.held > 0 then
    reply.wait = math.min(s.held, 500)
  else
    reply.state, reply.wait = 'probe', 0
    if holder ~= '' then redis.call('HSET', BREAKER, 'holder', holder, 'held_until', now + PROBE) end
  end
end
return cjson.encode(reply)
