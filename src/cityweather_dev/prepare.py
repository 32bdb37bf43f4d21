"""`python -m cityweather_dev.prepare`: settings, tables, places, the page's files, in one process to start sooner."""

import fcntl
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.management.commands.collectstatic import Command
from django.core.management import CommandError, call_command
from redis.exceptions import RedisClusterException, RedisError

from cityweather.management.sentences import outages_as_sentences
from cityweather.runtime import connections
from cityweather.runtime.process import require_sound_settings

UNASKED = {"interactive": False, "verbosity": 0}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    django.setup()
    require_sound_settings()  # or each part would refuse them, again and again
    require_redis()
    try:
        with outages_as_sentences():
            call_command("migrate", **UNASKED)
            call_command("load_places", verbosity=0)  # some seconds the first time
    except CommandError as error:
        sys.exit(str(error))
    collect()


def require_redis() -> None:
    """Raises SystemExit: the parts would wait for it, with nothing but lines in their logs."""
    for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL"):
        try:
            connections.server_version(getattr(settings, name))
        except (RedisError, RedisClusterException, OSError) as error:
            sys.exit(f"No Redis answers at {name} ({type(error).__name__}). Start that server, or unset {name}.")


def collect() -> None:
    """Only when a file is new, since hashing and compressing takes seconds; another `up` may be at it just now."""
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = root / "staticfiles.json"
        if not made.exists() or is_any_new():
            made.unlink(missing_ok=True)  # written last, so that one that was cut short is done again
            call_command("collectstatic", **UNASKED)


def is_any_new() -> bool:
    command = Command()
    command.set_options(
        **UNASKED, dry_run=True, clear=False, link=False, post_process=False,
        ignore_patterns=[], use_default_ignore_patterns=True,
    )  # fmt: skip
    return bool(command.collect()["modified"])


if __name__ == "__main__":
    main()
