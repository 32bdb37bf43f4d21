"""One of many worker processes: fetches new cities, batch after batch, for some seconds. Arguments: name, seconds."""

import sys
import time
from dataclasses import replace

import django

django.setup()

from cityweather.weather import parts  # noqa: E402
from cityweather.weather.fetch import Batch, run_batch  # noqa: E402
from cityweather.weather.provider import Place  # noqa: E402
from tests.weather.fakes import FakeTracker  # noqa: E402

name, seconds = sys.argv[1], float(sys.argv[2])
ours = replace(parts.bulk(), tracker=FakeTracker())
end = time.time() + seconds
number = 0
while time.time() < end:
    # Batches are smaller than a second's quota, so that the end of the test cuts none off.
    run_batch(Batch("job", 1, "token", [(n, Place(f"{name} {n}")) for n in range(number, number + 2)]), ours)
    number += 2
