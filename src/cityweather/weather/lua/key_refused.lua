-- Reply {1 = that is news, ms until asking again is worth it}
local s = state()
local news = not (s.reason == 'key' and not s.other_key)
if not news and s.wait > 0 then return { 0, s.wait } end
return { news and 1 or 0, open(s, 'key', KEY) }
