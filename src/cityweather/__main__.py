"""The `cityweather` command: a table from each command to the module that runs it; all others are Django's."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from cityweather import __version__
from cityweather_client import local_service, output
from cityweather_client import main as client
from cityweather_client.arguments import Parser, folder

DEVELOPMENT = {
    "up": "cityweather_dev.up",
    "demo": "cityweather_dev.demo",
    "redis": "cityweather_dev.embedded_redis",
    "simulator": "cityweather_dev.simulator.__main__",
    "make_cities": "cityweather_dev.make_cities",
}
MODULES = {
    **dict.fromkeys(client.RUN, "cityweather_client.main"),
    "web": "cityweather.ops.web",
    **DEVELOPMENT,
}
OVERVIEW = "\n".join(f"    {name:<11} {words}" for name, words in client.HELP.items())
USAGE = f"""\
Here, everything at once (`cityweather COMMAND --help` tells more):
    demo        start everything, refresh 10,000 cities, compare every counter
    up          run the whole service on this machine
    redis       run its Redis only, for parts started by hand
    simulator   run a simulated weather provider only
    make_cities write a CSV of real city names (installs what the tests need: 900 MB)

With a service anywhere; these need no settings and no database:
{OVERVIEW}

Where the service is installed:
    web         serve HTTP (gunicorn, with its options: --bind, --workers, --threads)
    doctor      is every part well, and what to do when it is not
    check       are the settings sound (--deploy: the servers, too)
    migrate     make or change the database's tables

and all of these. With neither REDIS_URL nor DATABASE_URL set they are for the `up` that runs in .data
(--data DIR: in another folder).
"""
OPTIONS_FOLLOW = "Options follow it, as in `cityweather weather Oslo --server URL`"
NO_COMMAND = ("-h", "--help", "--version")
NOTHING_RUNS = "Start it: env/run cityweather up. Or use --data DIR, or set REDIS_URL and DATABASE_URL."


def main() -> None:
    with output.guarded():
        _command(sys.argv[1:])


def _command(arguments: list[str]) -> None:
    if arguments[:1] == ["help"] and arguments[1:] and arguments[1] in MODULES:
        arguments = [arguments[1], "--help"]
    if arguments and arguments[0] in MODULES:
        sys.exit(_run(arguments))
    if arguments == ["--version"]:
        sys.stdout.write(f"{__version__}\n")
        return
    if arguments in ([], ["help"], ["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        sys.stdout.flush()
    _django(_beside_up(arguments) if arguments else [])


def _django(arguments: list[str]) -> None:
    from django.core.management import CommandError  # noqa: PLC0415  # the client needs none

    from cityweather.management.sentences import CheckedCommands, outages_as_sentences  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    try:
        with outages_as_sentences():
            CheckedCommands(["cityweather", *arguments]).execute()
    except CommandError as error:
        sys.exit(str(error))


def _run(arguments: Sequence[str]) -> int:
    name = arguments[0]
    try:
        module = import_module(MODULES[name])
    except ModuleNotFoundError as error:
        if name not in DEVELOPMENT:
            raise
        sys.exit(
            f"`cityweather {name}` needs a development package that is not installed here ({error.name}): "
            f"run `env/run cityweather {name}`, or pip install -r env/requirements-dev.txt."
        )
    exit_code: int = module.main(arguments if name in client.RUN else arguments[1:])
    return exit_code


def _beside_up(arguments: Sequence[str]) -> list[str]:
    """The arguments without --data, which Django's commands do not know. It names the `up` whose settings they take."""
    parser = Parser("cityweather", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", type=folder)
    options, rest = parser.parse_known_args(arguments)
    if rest and (rest[0] in MODULES or (rest[0].startswith("-") and rest[0] not in NO_COMMAND)):
        option = arguments[0].partition("=")[0]  # without its value, which may be a key
        parser.error(f"{option} stands before the command. {OPTIONS_FOLLOW}")
    data = options.data or local_service.DATA
    helped = bool({"-h", "--help"} & set(rest))
    doctor = rest[:1] == ["doctor"] and not helped
    unset = rest == ["check"] and not any(os.environ.get(name) for name in ("SECRET_KEY", "DEBUG"))
    if up := local_service.adopt(os.environ, data):
        sys.stderr.write(f"Using the `up` in {data}.\n")
        return [*rest, "--up", up] if doctor else rest
    if (options.data or doctor or unset) and not local_service.names_servers(os.environ):
        sys.exit(f"No `cityweather up` runs in {data}, and neither REDIS_URL nor DATABASE_URL is set.\n{NOTHING_RUNS}")
    return rest


if __name__ == "__main__":
    main()
