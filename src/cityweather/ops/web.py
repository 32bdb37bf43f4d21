"""cityweather web: gunicorn with our settings. Its arguments are gunicorn's (--bind, --workers, --threads).

gunicorn reads WEB_CONCURRENCY while it is imported, before any file of ours, and an unusable value ends in a traceback.
So the variable is checked here first.
"""

import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

import django

from cityweather.runtime.process import require_sound_settings

NUMBER = re.compile(r"0*[1-9][0-9]{0,2}")  # more processes would take the machine
HELP = {"-h", "--help", "-v", "--version"}


def main(arguments: Sequence[str]) -> NoReturn:
    """Check the settings, then replace this process by gunicorn, which then gets the signals that were meant for it."""
    processes = os.environ.get("WEB_CONCURRENCY") or "2"
    if not NUMBER.fullmatch(processes):
        sys.exit(f"CityWeather+ cannot start: WEB_CONCURRENCY is {processes!r}. Set it to a number from 1 to 999.")
    os.environ["WEB_CONCURRENCY"] = processes
    if not HELP & set(arguments):
        # Here, and not in its processes: those would end one after the other and leave tracebacks.
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
        django.setup()
        require_sound_settings()
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:cityweather.ops.gunicorn"]
    os.execv(sys.executable, [*gunicorn, *arguments, "cityweather.wsgi:application"])  # noqa: S606  # no shell
