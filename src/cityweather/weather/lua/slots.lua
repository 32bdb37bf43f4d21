-- Follows the prelude. Shares a number of slots among holders, evenly when they want more than there are.
-- KEYS  1 hash of holder → 'slots:until', until in Unix ms; 'one:…' holds a single slot for a person
-- ARGV  2 holder   3 wanted, 0 = give all back   4 limit   5 ms they last
-- Reply slots
local SLOTS, holder, wanted, limit, lasts = KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if wanted <= 0 then
  redis.call('HDEL', SLOTS, holder)
  return 0
end
local now, taken, ones, sharers = clock(), 0, 0, 1
local known = redis.call('HGETALL', SLOTS)
for i = 1, #known, 2 do
  local slots, expires = string.match(known[i + 1], '^(%d+):(%d+)$')
  local left = (tonumber(expires) or 0) - now
  if left <= 0 or left > lasts then
    redis.call('HDEL', SLOTS, known[i])
  elseif known[i] ~= holder then
    taken = taken + tonumber(slots)
    if string.sub(known[i], 1, 4) == 'one:' then ones = ones + 1 else sharers = sharers + 1 end
  end
end
-- A holder with more than its share gets the share at its next renewal, which lets newcomers in.
local share = math.max(1, math.floor((limit - ones) / sharers))
local granted = math.max(0, math.min(wanted, share, limit - taken))
redis.call('HSET', SLOTS, holder, string.format('%d:%d', granted, now + lasts))
redis.call('PEXPIRE', SLOTS, lasts)
return granted
