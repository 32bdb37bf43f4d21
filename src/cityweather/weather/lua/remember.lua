-- Writes many cached answers; a pipeline of SETs costs the client three times as much.
-- KEYS  names   ARGV  2 ms they last   3… values
-- Reply number written
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 2], 'PX', ARGV[2]) end
return #KEYS
