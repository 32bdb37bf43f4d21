"""Does a command line of render.yaml mean something to the programs installed here? Nothing is run for real."""

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import click
from celery.bin.base import CLIContext
from celery.bin.celery import celery as celery_cli
from django.core.management import CommandError, load_command_class
from gunicorn.config import Config

from cityweather.celery import app
from tests.setup.declared import ROOT

BIN = Path(sys.executable).parent
MANAGE = {"migrate": "django.core", "collectstatic": "django.contrib.staticfiles"}
PIP = {"--require-hashes", "--no-deps", "--only-binary=:all:", "-r"}


def simple_commands(line: str) -> list[list[str]]:
    return [shlex.split(part.replace("$PORT", "10000")) for part in line.split("&&")]


def gunicorn(arguments: list[str]) -> None:
    config = Config()
    options = vars(config.parser().parse_args(arguments))
    application = options.pop("args")
    for name, value in options.items():
        if value is not None:
            config.set(name, value)
    kind, _, module = (config.settings["config"].get() or "").partition(":")
    if kind != "python" or find_spec(module) is None:
        raise ValueError(f"no configuration {module}")
    if application != ["cityweather.wsgi:application"]:
        raise ValueError(f"unknown application {application}")


def celery_options(arguments: list[str]) -> dict[str, object]:
    """The parsed options of `celery -A cityweather worker …`."""
    outer = celery_cli.make_context("celery", list(arguments))
    if outer.params["app"] != "cityweather":
        raise ValueError(f"unknown app {outer.params['app']}")
    name, command, rest = celery_cli.resolve_command(outer, [*outer._protected_args, *outer.args])
    if name != "worker" or command is None:
        raise ValueError(f"unknown celery command {name}")
    outer.obj = CLIContext(app=app, no_color=True, workdir=None)
    return command.make_context(name, rest, parent=outer).params


def manage(arguments: list[str]) -> None:
    script, name, *rest = arguments
    if script != "src/manage.py" or name not in MANAGE:
        raise ValueError(f"unknown command {script} {name}")
    command = load_command_class(MANAGE[name], name)
    command._called_from_command_line = False  # an unknown option raises and does not exit
    command.create_parser(script, name).parse_args(rest)


def pip(arguments: list[str]) -> None:
    name, *rest = arguments
    files = [word for word in rest if not word.startswith("-")]
    unknown = {word for word in rest if word.startswith("-")} - PIP
    if name != "install" or unknown or not all((ROOT / file).is_file() for file in files) or "-r" not in rest:
        raise ValueError(f"pip {name}: {unknown or files}")


PROGRAMS = {"gunicorn": gunicorn, "celery": celery_options, "python": manage, "pip": pip}


def complaints_about(line: str) -> list[str]:
    complaints = []
    for program, *arguments in simple_commands(line):
        if program not in PROGRAMS or not (BIN / program).exists():
            complaints.append(f"{program} is not a program of this project")
            continue
        try:
            PROGRAMS[program](arguments)
        except (ValueError, CommandError, click.ClickException, SystemExit) as error:
            complaints.append(f"{program}: {error}")
    return complaints
