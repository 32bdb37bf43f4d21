"""Asks every part in turn. Runs also where settings cannot be read, and prints no secret."""

import logging
import os
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from cityweather.ops.doctor import machine
from cityweather.ops.doctor.finding import Finding, Level, fail, ok, skip
from cityweather.runtime import passwords
from cityweather_client import local_service

STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red", Level.SKIP: "dim"}
DESCRIPTION = """\
Say of every part whether it is well, and what to do when it is not: Python and packages, settings, database and
migrations, Redis, broker, beat, workers, one question to the weather provider, web, callbacks, disks, the page's
files, clocks.

Run it where the service runs, with its environment. With neither REDIS_URL nor DATABASE_URL set, it looks at the
`cityweather up` that runs with --data, without the advice for a deploy.

exit codes: 0 nothing failed (warnings may stand), 1 something did
"""
NOTHING_THERE = "Start it: env/run cityweather up. Or use --data DIR, or set REDIS_URL and DATABASE_URL."


def main(arguments: Sequence[str]) -> int:
    told = parser().parse_args(arguments)
    console = Console(highlight=False)
    levels = []
    for finding in examine(told.data, told.server):
        levels.append(finding.level)
        console.print(f"[{STYLES[finding.level]}]{finding.level:<4}[/]", end=" ")
        console.print(_masked(f"{finding.part:<13} {finding.text}"), markup=False, soft_wrap=True)
        if finding.todo:
            console.print(_masked(f"{'':18} → {finding.todo}"), markup=False, soft_wrap=True)
    console.print(verdict(levels))
    return 1 if Level.FAIL in levels else 0


def parser() -> ArgumentParser:
    made = ArgumentParser("cityweather doctor", description=DESCRIPTION, formatter_class=RawDescriptionHelpFormatter)
    made.add_argument("--server", metavar="URL", help="where the web process should answer (default: that of `up`)")
    made.add_argument(
        "--data", metavar="DIR", type=Path, default=local_service.DATA, help="of `up` (default %(default)s)"
    )
    return made


def verdict(levels: Sequence[Level]) -> str:
    failed = levels.count(Level.FAIL)
    if failed:
        return f"{failed} problem{'s' if failed > 1 else ''} to fix."
    return "Passed with warnings." if Level.WARN in levels else "All checks passed."


def examine(data: Path, server: str | None) -> Iterator[Finding]:
    """Each part as soon as it is known."""
    if up := local_service.adopt(os.environ, data):
        yield ok("up", f"looking at the one that runs in {data}")
    yield machine.python()
    yield machine.packages()
    if not up and not local_service.names_servers(os.environ):
        yield fail("up", f"none runs in {data}, and neither REDIS_URL nor DATABASE_URL is set", NOTHING_THERE)
        yield skip("the rest", "needs servers to look at")
        return
    try:
        from cityweather.ops.doctor import settings  # noqa: PLC0415  # Django may be what is missing
    except ImportError as error:
        yield fail("settings", f"cannot be read: {error.name} is missing", "Install the packages first.")
        return
    if unusable := settings.load():
        yield unusable
        yield skip("the rest", "needs the settings")
        return
    logging.disable(logging.CRITICAL)  # what a part says of its own trouble is told here in one line
    yield from settings.sound(deploy=not up)
    yield from _running(server or up)


def _running(server: str | None) -> Iterator[Finding]:
    from cityweather.ops.doctor import disk, servers, web  # noqa: PLC0415  # they need settings to be imported

    for part, look in (
        ("servers", servers.all_parts),
        ("web", lambda: [web.answers(server)]),
        ("callbacks", lambda: [web.callbacks()]),
        ("disk", disk.room),
        ("static files", lambda: [disk.static_files()]),
    ):
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001  # one part's trouble must not hide the others
            yield fail(part, f"cannot be examined: {type(error).__name__}")


def _masked(text: str) -> str:
    """As in the logs, which know the settings' secrets once there are settings."""
    from django.conf import settings  # noqa: PLC0415  # see above

    if settings.configured:
        from cityweather.runtime import logs  # noqa: PLC0415

        return logs.mask(text)
    return passwords.mask(text)
