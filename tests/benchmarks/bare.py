"""The limit: nothing but pycurl's multi interface, fetching and throwing away. `python -m tests.benchmarks.bare …`"""

import sys
import time

import pycurl

AT_ONCE = 115  # what one of two worker processes gets of the provider's 256 slots


def fetch(url: str, count: int) -> None:
    multi = pycurl.CurlMulti()
    body = bytearray()
    idle = []
    for _ in range(AT_ONCE):
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.WRITEFUNCTION, body.extend)
        idle.append(curl)
    started = ended = 0
    while ended < count:
        while idle and started < count:
            multi.add_handle(idle.pop())
            started += 1
        multi.perform()
        queued = 1
        while queued:
            queued, finished, failed = multi.info_read()
            for curl in finished:
                multi.remove_handle(curl)
                idle.append(curl)
            if failed:
                raise SystemExit(f"The upstream fails: {failed[0][1:]}")
            ended += len(finished)
        body.clear()
        if not idle:
            multi.select(0.25)


if __name__ == "__main__":
    began, used = time.monotonic(), time.process_time()
    fetch(sys.argv[1], int(sys.argv[2]))
    print(time.process_time() - used, time.monotonic() - began)
