"""The `cityweather` command: a service's client, the doctor, and Django's management commands under our name."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from cityweather.ops.doctor import main as doctor
from cityweather_client import local_service
from cityweather_client import main as shell

OVERVIEW = "\n".join(f"    {name:<10} {words}" for name, words in shell.HELP.items())
USAGE = f"""\
Here, everything at once (`cityweather COMMAND --help` tells more):
    demo       start everything, refresh 10,000 cities, compare every counter
    up         run the whole service on this machine
    redis      run its Redis only, for parts started by hand

With a service anywhere; these need no settings and no database:
{OVERVIEW}

Where the service is installed:
    doctor     is every part well, and what to do when it is not
    check      are the settings sound (--deploy: the servers, too)
    migrate    make or change the database's tables

and all of these. With neither REDIS_URL nor DATABASE_URL set they are for the `up` that runs in .data
(--data DIR: in another folder).
"""
STARTERS = ("up", "demo", "redis")  # choose servers of their own


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["help"] and arguments[1:] and arguments[1] in {*shell.RUN, "doctor"}:
        arguments = [arguments[1], "--help"]
    if arguments and arguments[0] in shell.RUN:
        sys.exit(shell.main(arguments))
    if arguments and arguments[0] == "doctor":
        sys.exit(doctor.main(arguments[1:]))
    if arguments in ([], ["help"], ["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        sys.stdout.flush()
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # the client needs no settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    if arguments and arguments[0] not in STARTERS:
        arguments = _beside_up(arguments)
    execute_from_command_line(["cityweather", *arguments])


def _beside_up(arguments: Sequence[str]) -> list[str]:
    """Without --data, which says whose settings become ours; Django's commands do not know it."""
    parser = ArgumentParser("cityweather", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", type=Path)
    told, rest = parser.parse_known_args(arguments)
    up = local_service.adopt(os.environ, told.data or local_service.DATA)
    if told.data and not up and not local_service.names_servers(os.environ):
        sys.exit(f"No `cityweather up` runs in {told.data}.")
    return rest


if __name__ == "__main__":
    main()
