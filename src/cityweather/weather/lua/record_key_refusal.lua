-- The provider refuses the key. One probe a minute finds out when it works.
-- Reply as open()
local s = state()
if s.reason == 'key' and not s.other_key and s.wait > 0 then return cjson.encode({ wait = s.wait, opened = false }) end
return open(s, 'key', KEY_PAUSE)
