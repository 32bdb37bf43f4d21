"""For commands that need the servers: an unreachable server ends the command with a sentence, not a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from django.db import ProgrammingError

from cityweather.runtime import outages

SERVERS = {"redis": ("Redis", "REDIS_URL"), "database": ("The database", "DATABASE_URL")}
NO_TABLE = "42P01"  # PostgreSQL's code


@contextmanager
def outages_as_sentences() -> Iterator[None]:
    """Raises CommandError."""
    try:
        yield
    except (*outages.OUTAGE_ERRORS, ProgrammingError) as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        raise CommandError(sentence) from error


def _sentence(error: Exception) -> str | None:
    """None for an error that is no outage."""
    if getattr(error.__cause__, "pgcode", None) == NO_TABLE or str(error).startswith("no such table"):
        return "The database lacks tables. Run: cityweather migrate"
    if why := outages.refusal_reason(error):
        return f"The database takes no writes: {why}."
    server = outages.server_of(error)
    if server is None:
        return None
    name, setting = SERVERS[server]
    words = str(error).partition("\n")[0]
    return (
        f"{name} does not answer as it should ({type(error).__name__}: {words}). "
        f"Check {setting}; `cityweather doctor` shows more."
    )
