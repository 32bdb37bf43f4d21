-- The provider is unreachable: probes failed.
-- Arguments: retry_after   ms to wait, from the provider's answer; 0 = it did not contain any
-- Reply as open()
return outage(state(), args.retry_after)
