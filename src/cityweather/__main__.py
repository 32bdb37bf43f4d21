"""The `cityweather` command: a service's client, the doctor, and Django's management commands under our name."""

import os
import sys

from cityweather.management.shell import main as shell
from cityweather.ops.doctor import main as doctor

OVERVIEW = "\n".join(f"    {name:<10} {words}" for name, words in shell.HELP.items())
USAGE = f"""\
Here, everything at once (`cityweather COMMAND --help` tells more):
    demo       start everything, refresh 10,000 cities, compare every counter
    up         run the whole service on this machine

With a service anywhere; these need no settings and no database:
{OVERVIEW}

Where the service is installed:
    doctor     is every part well, and what to do when it is not
    check      are the settings sound (--deploy: the servers, too)
    migrate    make or change the database's tables

and all of these:
"""


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
    execute_from_command_line(["cityweather", *arguments])


if __name__ == "__main__":
    main()
