-- Shares a number of slots among holders, evenly when they want more than there are.
-- KEYS  1 hash of process → 'slots:until', until in Unix ms   2 the same of single requests for people
-- ARGV  1 holder   wanted (0 = give all back)   limit   lasts (ms)   single (true: a person's request)
-- Reply {slots}
local PROCESSES, SINGLES = KEYS[1], KEYS[2]
local holder, wanted, limit, lasts = args.holder, args.wanted, args.limit, args.lasts
local OWN = args.single and SINGLES or PROCESSES
if wanted <= 0 then
  redis.call('HDEL', OWN, holder)
  return '{"slots":0}'
end

-- How many others hold slots, and how many slots; those whose time is over are dropped.
local function others(key)
  local known, holders, taken = redis.call('HGETALL', key), 0, 0
  for i = 1, #known, 2 do
    local slots, expires = string.match(known[i + 1], '^(%d+):(%d+)$')
    local left = (tonumber(expires) or 0) - now
    if left <= 0 or left > lasts then
      redis.call('HDEL', key, known[i])
    elseif known[i] ~= holder then
      holders, taken = holders + 1, taken + tonumber(slots)
    end
  end
  return holders, taken
end

local processes, taken = others(PROCESSES)
local singles = others(SINGLES)
-- A holder with more than its share gets the share at its next renewal, which lets newcomers in.
local share = math.max(1, math.floor((limit - singles) / (processes + 1)))
local granted = math.max(0, math.min(wanted, share, limit - taken - singles))
redis.call('HSET', OWN, holder, string.format('%d:%d', granted, now + lasts))
redis.call('PEXPIRE', OWN, lasts)
return cjson.encode({ slots = granted })
