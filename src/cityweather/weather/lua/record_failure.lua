-- The provider is unreachable: the failure detector says so, or the probe failed.
-- Arguments: retry_after   ms to wait as the provider says, 0 = it does not say
-- Reply as open()
return outage(state(), args.retry_after)
