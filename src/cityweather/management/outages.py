"""For commands that need the servers: an unreachable server ends the command with a sentence, not a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from cityweather.runtime import outages

SERVERS = {"redis": ("Redis", "REDIS_URL"), "database": ("The database", "DATABASE_URL")}


@contextmanager
def outages_as_sentences() -> Iterator[None]:
    """Raises CommandError."""
    try:
        yield
    except outages.OUTAGE_ERRORS as error:
        if why := outages.refusal_reason(error):
            raise CommandError(f"The database takes no writes: {why}.") from error
        name, setting = SERVERS[outages.server_of(error) or "redis"]
        words = str(error).partition("\n")[0]
        raise CommandError(
            f"{name} does not answer as it should ({type(error).__name__}: {words}). "
            f"Check {setting}; `cityweather doctor` shows more."
        ) from error
