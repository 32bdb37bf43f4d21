"""`cityweather doctor`: the system checks, the parts of /healthz, and one question to the provider and the web."""

import logging
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from cityweather.api.webhooks import delivery
from cityweather.errors import Fault, WeatherError
from cityweather.ops import health
from cityweather.runtime import logs
from cityweather.weather import factory
from cityweather.weather.failure_detector import REFERENCE
from cityweather.weather.provider_client import ProviderClient

DESCRIPTION = """\
Report for every part whether it is well, and what to do when it is not: settings, database and migrations, Redis,
broker, beat, workers, clocks, dispatch, flush, one question to the weather provider, callbacks, web.

Run it where the service runs, with its environment. With neither REDIS_URL nor DATABASE_URL set, it looks at the
`cityweather up` that runs in .data (--data DIR: in another folder), without the advice for a deploy.

exit codes: 0 nothing failed (warnings may stand), 1 something did
"""
WEB_ANSWER = 5.0  # seconds
OF_PARTS = ("cityweather.W003", "cityweather.W007")  # Redis and its clock: the parts report these
MIGRATE = "Run: cityweather migrate"
WEB = "cityweather web"
BOOKKEEPER = "celery -A cityweather worker -B -Q bookkeeping -n bookkeeper@%h"
FETCHER = "celery -A cityweather worker -Q fetch -n fetch@%h"
KNOWN_THROUGH = {"beat": "broker", "workers": "broker", "clocks": "broker", "dispatch": "redis", "flush": "redis"}
ADVICE = {
    "redis": "Check REDIS_URL and that the server runs.",
    "broker": "Check BROKER_URL and that the server runs.",
    "beat": f"Start a bookkeeper with -B: {BOOKKEEPER}",
    "workers": f"Start those that are missing: {FETCHER}; {BOOKKEEPER}",
    "flush": "See the bookkeeper's log; `cityweather flush` does a round by hand.",
}
NO_WRITES = "Mend it on that server (free disk space, memory, read-only mode). Work then continues by itself."


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice`: what a person should do, "" for nothing."""

    level: Level
    part: str
    text: str
    advice: str = ""


class Command(BaseCommand):
    help = DESCRIPTION
    requires_system_checks = ()  # it runs them itself, and goes on after an error

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--server", metavar="URL", help="where the web process should answer")
        parser.add_argument("--up", metavar="URL", help="of an `up` on this machine: it needs no advice for a deploy")

    def handle(self, *_: Any, server: str | None, up: str | None, **__: Any) -> None:
        logging.disable(logging.CRITICAL)  # the lines below report what the parts would log
        levels = []
        for finding in examine(server or up, deploy=not up):
            levels.append(finding.level)
            self.stdout.write(self._styled(finding.level) + logs.mask(f" {finding.part:<13} {finding.text}"))
            if finding.advice:
                self.stdout.write(logs.mask(f"{'':18} → {finding.advice}"))
            self.stdout.flush()
        self.stdout.write(verdict(levels))
        if Level.FAIL in levels:
            raise SystemExit(1)

    def _styled(self, level: Level) -> str:
        styles = {Level.OK: self.style.SUCCESS, Level.WARN: self.style.WARNING, Level.FAIL: self.style.ERROR}
        return styles.get(level, str)(f"{level:<4}")


def verdict(levels: list[Level]) -> str:
    failed = levels.count(Level.FAIL)
    if failed:
        return f"{failed} problem{'s' if failed > 1 else ''} to fix."
    return "Passed with warnings." if Level.WARN in levels else "All checks passed."


def examine(server: str | None, *, deploy: bool) -> Iterator[Finding]:
    """Each part as soon as it is known. The trouble of one part does not hide the others."""
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": lambda: sound_settings(deploy=deploy),
        "database": database,
        "servers": running_parts,
        "callbacks": callbacks,
        "web": lambda: web(server),
    }
    for part, look in looks.items():
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is reported
            yield Finding(Level.FAIL, part, f"cannot be examined: {type(error).__name__}")


def sound_settings(*, deploy: bool) -> Iterator[Finding]:
    messages = run_checks(include_deployment_checks=deploy)
    if not deploy:
        messages += run_checks(tags=["servers"], include_deployment_checks=True)
    found = [m for m in messages if m.level >= WARNING and not m.is_silenced() and m.id not in OF_PARTS]
    yield from map(_of_check, found)
    if not any(message.level >= ERROR for message in found):
        yield Finding(Level.OK, "settings", "a service starts with them")


def _of_check(message: CheckMessage) -> Finding:
    level = Level.FAIL if message.level >= ERROR else Level.WARN
    return Finding(level, "settings", f"{message.msg} ({message.id})", message.hint or "")


def database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not MigrationRecorder(connection).has_table():
            yield Finding(Level.FAIL, "database", f"{connection.vendor} answers, but has no tables", MIGRATE)
            return
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        # The error's own words may hold an address.
        text, advice = f"does not answer: {type(error).__name__}", "Check DATABASE_URL and that it runs."
        yield Finding(Level.FAIL, "database", text, advice)
        return
    if missing:
        text = f"{len(missing)} migrations are not applied, from {missing[0][0]} on"
        yield Finding(Level.FAIL, "database", text, MIGRATE)
    else:
        yield Finding(Level.OK, "database", f"{connection.vendor}, migrated")


def running_parts() -> Iterator[Finding]:
    """The parts of /healthz but for the database, then the provider."""
    states = health.examine([part for part in health.PARTS if part.name != "database"])
    for name, state in states.items():
        server = KNOWN_THROUGH.get(name)
        if server and not states[server]["ok"]:
            yield Finding(Level.SKIP, name, f"is known through the {server} server")
        elif not state["ok"]:
            yield Finding(Level.FAIL, name, state["detail"], advice(name, state["detail"]))
        elif health.PARKED in state["detail"]:
            yield Finding(Level.WARN, name, state["detail"])
        else:
            yield Finding(Level.OK, name, state["detail"])
    if states["redis"]["ok"]:
        yield provider()
    else:
        yield Finding(Level.SKIP, "provider", "is asked within the quota, which Redis keeps")


def advice(name: str, detail: str) -> str:
    """What the detail does not say itself."""
    if health.OUT_OF_CLIENTS in detail:
        return ""
    return NO_WRITES if "takes no writes" in detail else ADVICE.get(name, "")


def provider() -> Finding:
    """One question, within the quota."""
    chosen, client = factory.provider(), ProviderClient.from_settings()
    try:
        weather = client.weather(REFERENCE, client.deadline())
    except WeatherError as error:
        text = f"{chosen.name}: {error.detail}"
        if error.fault is Fault.QUOTA:
            return Finding(Level.WARN, "provider", text, "Nothing to do: it passes.")
        hint = "Check OPENWEATHER_API_KEY." if error.fault is Fault.KEY else "Is it reachable from here?"
        return Finding(Level.FAIL, "provider", text, hint)
    return Finding(Level.OK, "provider", f"{chosen.name}{_where(chosen.name)}: {weather.temperature} °C in London")


def _where(name: str) -> str:
    if settings.OPENWEATHER_API_KEY == settings.SIMULATOR_KEY:
        return ", a simulator"
    url = settings.OPENWEATHER_URL if name == "openweather" else settings.OPEN_METEO_URL
    usual = url.startswith(("https://api.openweathermap.org", "https://api.open-meteo.com"))
    return "" if usual else ", at an address of your own"


def callbacks() -> Iterator[Finding]:
    """A check of the settings sees whether they can be signed."""
    if not settings.CALLBACK_HOSTS:
        yield Finding(Level.SKIP, "callbacks", "off, as CALLBACK_HOSTS is empty")
        return
    refused = delivery.unaccepted().filter(callback_attempts__gt=0, callback_due_at__isnull=False).count()
    hosts = ", ".join(settings.CALLBACK_HOSTS)
    if refused:
        text, hint = f"{refused} refused so far by {hosts}", "See callback_failed in a bookkeeper's log."
        yield Finding(Level.WARN, "callbacks", text, hint)
    else:
        yield Finding(Level.OK, "callbacks", f"to {hosts}: none was refused and waits for another attempt")


def web(server: str | None) -> Iterator[Finding]:
    """The web process, asked as its clients ask it."""
    if not server:
        yield Finding(Level.SKIP, "web", "give its address with --server URL")
        return
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy does not know our loopback
            answer = session.get(f"{server.rstrip('/')}/readyz", timeout=WEB_ANSWER, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        yield Finding(Level.FAIL, "web", f"{server} does not answer: {type(error).__name__}", f"Start it: {WEB}")
        return
    if answer.status_code == 200:
        yield Finding(Level.OK, "web", f"{server} is ready to serve")
        return
    hint = "See its log." if answer.status_code == 503 else "Is this CityWeather+'s address, and one of ALLOWED_HOSTS?"
    yield Finding(Level.FAIL, "web", f"{server}/readyz answers {answer.status_code}", hint)
