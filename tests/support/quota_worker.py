"""One of many processes that share a quota: asks for new cities between two files' appearing, "go" and "stop".

Arguments: bulk or web, a name, how many times as fast the quota's clock runs, the folder of those files.
Prints a line when it is ready, and how many look-ups were refused.
"""

import sys
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import django

django.setup()

from cityweather.errors import QuotaUsedUp  # noqa: E402
from cityweather.runtime import connections  # noqa: E402
from cityweather.weather import batch_context, factory  # noqa: E402
from cityweather.weather.batch_fetch import run_batch  # noqa: E402
from cityweather.weather.batch_queue import Batch  # noqa: E402
from cityweather.weather.choice import from_settings  # noqa: E402
from cityweather.weather.http_single import WebTransport  # noqa: E402
from cityweather.weather.provider_client import Asker  # noqa: E402
from cityweather.weather.providers.base import Place  # noqa: E402
from cityweather.weather.rate_limiter import Grant, Quota  # noqa: E402
from cityweather_dev.processes import wait_until  # noqa: E402
from tests.support.fakes import FakeTracker  # noqa: E402

kind, name, scale, folder = sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])
stop = folder / "stop"
LOOK = 0.2  # seconds between two look-ups


class Hurried(Quota):
    def take(self, wanted: int, *, interactive: bool = False) -> Grant:
        grant = super().take(wanted, interactive=interactive)
        return Grant(grant.tokens, grant.wait / scale)


def fetch() -> int:
    ours = replace(batch_context.bulk(), tracker=FakeTracker(), quota=quota)
    for n in count(step=2):
        if stop.exists():
            break
        # Batches are smaller than a second's quota, so that the end of the test cuts none off.
        run_batch(Batch("job", 1, "token", [(m, Place(f"{name} {m}")) for m in (n, n + 1)]), ours)
    return 0


def look_up() -> int:
    asker, refused = Asker(provider, WebTransport(), quota, factory.breaker(provider), factory.slots(provider)), 0
    for n in count():
        if stop.exists():
            break
        try:
            asker.weather(Place(f"{name} {n}"))
        except QuotaUsedUp:
            refused += 1
        time.sleep(LOOK)
    return refused


provider = from_settings()
redis = connections.redis_client()
quota = Hurried(provider.name, provider.windows, redis, now=lambda: int(time.time() * 1000 * scale))
sys.stdout.write("ready\n")
sys.stdout.flush()
wait_until((folder / "go").exists, 60)
sys.stdout.write(f"{look_up() if kind == 'web' else fetch()}\n")
