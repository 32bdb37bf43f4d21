"""One of many processes that share a quota: asks for new cities between two files' appearing, "go" and "stop".

Arguments: bulk or web, a name, how many times as fast the quota's clock runs, the folder of those files.
Prints a line when it is ready, and how many look-ups were refused.
"""

import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path
from zlib import crc32

import django

django.setup()

from cityweather.errors import QuotaUsedUp  # noqa: E402
from cityweather.runtime import connections  # noqa: E402
from cityweather.weather import factory  # noqa: E402
from cityweather.weather.batch_fetch import batch_context, run_batch  # noqa: E402
from cityweather.weather.batch_queue import Batch, BatchRow  # noqa: E402
from cityweather.weather.http_single import WebTransport  # noqa: E402
from cityweather.weather.provider_client import ProviderClient  # noqa: E402
from cityweather.weather.providers.base import AskedPlace  # noqa: E402
from cityweather.weather.rate_limiter import Grant, RateLimiter  # noqa: E402
from cityweather_dev.processes import wait_until  # noqa: E402

kind, name, scale, folder = sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])
stop = folder / "stop"
LOOK = 0.2  # seconds between two look-ups


def place(number: int) -> AskedPlace:
    """A place of its own for each process and number, so that no process finds another one's weather in the cache."""
    return AskedPlace(f"{name} {number}", crc32(name.encode()) % 16_000 / 100 - 80, number % 36_000 / 100 - 180)


class Hurried(RateLimiter):
    def acquire(self, wanted: int, *, interactive: bool = False) -> Grant:
        grant = super().acquire(wanted, interactive=interactive)
        return Grant(grant.tokens, grant.wait / scale)


def fetch() -> int:
    tracker, ours = connections.tracker(), replace(batch_context(), rate_limiter=quota)
    tracker.install(name, 1, "0-1", b"", {"total": 1_000_000, "imported": 1_000_000, "next": 0})
    while not stop.exists():
        # Of two rows a busy machine would not ask for the whole quota; of six, all batches together are still smaller
        # than a second's quota, so that the end of the test cuts none off.
        positions = tracker.claim(name, 1, "token", 6, missing=False).positions
        tracker.start(name, 1, "token")
        run_batch(Batch(name, 1, "token", [BatchRow(n, place(n)) for n in positions]), ours)
    return 0


def look_up() -> int:
    limits = quota, factory.circuit_breaker(), factory.concurrency_limiter()
    client, refused = ProviderClient(provider, WebTransport(), *limits), 0
    for n in count():
        if stop.exists():
            break
        try:
            client.weather(place(n), client.deadline())
        except QuotaUsedUp:
            refused += 1
        time.sleep(LOOK)
    return refused


provider = factory.provider()
redis = connections.redis_client()
quota = Hurried(provider.name, provider.windows, redis, now=lambda: int(time.time() * 1000 * scale))
sys.stdout.write("ready\n")
sys.stdout.flush()
wait_until((folder / "go").exists, 60)
sys.stdout.write(f"{look_up() if kind == 'web' else fetch()}\n")
