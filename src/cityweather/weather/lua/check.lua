-- May the caller ask? The first one after the time is up may, as the probe; saying so again keeps it the probe.
-- ARGV  2 holder, '' = only look
-- Reply {state, reason, ms}: state = closed | open | probe
local s = state()
if not s.reason then return { 'closed', '', 0 } end
if s.wait > 0 then return { 'open', s.reason, s.wait } end
if s.holder ~= HOLDER and s.held > 0 then return { 'open', s.reason, math.min(s.held, 500) } end
if HOLDER ~= '' then redis.call('HSET', BREAKER, 'holder', HOLDER, 'held_until', now + PROBE) end
return { 'probe', s.reason, 0 }
