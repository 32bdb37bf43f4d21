-- A look-up failed without others to compare with. Three different cities without a success between them
-- are an outage.
-- Arguments: city   stands for the city's name
-- Reply as open(); wait 0 = the breaker stays closed
local CITIES, REMEMBERED = 3, 30000 -- ms
redis.call('SADD', FAILING, args.city)
redis.call('PEXPIRE', FAILING, REMEMBERED)
if redis.call('SCARD', FAILING) < CITIES then return cjson.encode({ wait = 0, opened = false }) end
redis.call('DEL', FAILING)
return outage(state(), 0)
