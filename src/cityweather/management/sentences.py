"""What stops a Django command, told in sentences: unusable settings, or a server that does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import BaseCommand, CommandError, ManagementUtility
from django.db import ProgrammingError

from cityweather.runtime import outages
from cityweather.runtime.process import require_sound_settings

SERVERS = {"redis": ("Redis", "REDIS_URL"), "database": ("The database", "DATABASE_URL")}
NO_TABLE = "42P01"  # PostgreSQL's code


class CheckedCommands(ManagementUtility):
    """They report unusable settings in the same lines as every other process of ours."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """With our report instead of Django's own, a block of many lines."""
        command = super().fetch_command(subcommand)

        def check(*, display_num_errors: bool = False, **options: Any) -> None:
            require_sound_settings(**options)
            if display_num_errors:
                command.stdout.write("The settings are sound.")

        vars(command)["check"] = check
        return command


@contextmanager
def outages_as_sentences() -> Iterator[None]:
    """Turn the error of an unreachable server into a sentence. Raises CommandError."""
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
