-- Put in front of every script of this stage. ARGV 1: now in Unix milliseconds, '' = the server's clock.
local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
