"""For commands that need the servers: one that is away is told in a sentence, not in a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from cityweather.runtime.connections import ANY_AWAY, AWAY

SERVERS = {"redis": ("Redis", "REDIS_URL"), "database": ("The database", "DATABASE_URL")}


@contextmanager
def away_told() -> Iterator[None]:
    """Raises CommandError."""
    try:
        yield
    except ANY_AWAY as error:
        name, setting = next(SERVERS[server] for server, kinds in AWAY.items() if isinstance(error, kinds))
        words = str(error).partition("\n")[0]
        raise CommandError(
            f"{name} does not answer as it should ({type(error).__name__}: {words}). "
            f"Check {setting}; `cityweather doctor` says more."
        ) from error
