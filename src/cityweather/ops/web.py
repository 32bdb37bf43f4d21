"""cityweather web: gunicorn with our settings. Its arguments are gunicorn's (--bind, --workers, --threads).

gunicorn reads WEB_CONCURRENCY while it is imported, before any file of ours, and an unusable value ends in a traceback.
So the variable is checked here first.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by gunicorn, which then gets the signals that were meant for it."""
    processes = os.environ.get("WEB_CONCURRENCY") or "2"
    if not (processes.isascii() and processes.isdecimal() and int(processes)):
        sys.exit(f"CityWeather+ cannot start: WEB_CONCURRENCY is {processes!r}. Set it to a number from 1 on.")
    os.environ["WEB_CONCURRENCY"] = processes
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:cityweather.ops.gunicorn"]
    os.execv(sys.executable, [*gunicorn, *arguments, "cityweather.wsgi:application"])  # noqa: S606  # no shell
