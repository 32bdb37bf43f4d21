-- The provider is out, seen on a city that it knows.
-- ARGV  4 ms to wait as the provider says, 0 = it does not say
-- Reply ms until asking again is worth it
return outage(state(), tonumber(ARGV[4]))
