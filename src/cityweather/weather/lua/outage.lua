-- The provider is out, seen on a city that it knows. Reply ms until asking again is worth it
return outage(state())
