"""The project's settings with tests.benchmarks.urls."""

from cityweather.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
