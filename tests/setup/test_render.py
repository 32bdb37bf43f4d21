"""render.yaml fits this project: its settings, its programs and their options, its queues, its Python."""

import json
import shlex
from typing import Any

import pytest
import yaml
from celery.bin.base import CLIContext
from celery.bin.celery import celery as celery_cli
from django.conf import settings
from django.core.management import load_command_class
from django.urls import resolve
from gunicorn.config import Config
from jsonschema import Draft7Validator

from cityweather.celery import app
from tests.setup.trial import load, programs, variables
from tests.support.declared import ROOT, variables_read

Service = dict[str, Any]
BLUEPRINT = load()
SCHEMA = ROOT.parent / "shared/render-schema.json"
OF_THE_PLATFORM = {"PYTHON_VERSION", "PYTHONPATH"}  # read by Render and Python, not by settings.py
SECRETS = {"SECRET_KEY", "CITYWEATHER_API_KEY", "OPENWEATHER_API_KEY", "DATABASE_URL", "REDIS_URL"}
NOT_NEEDED = {"fetch": {"DATABASE_URL"}}
each_program = pytest.mark.parametrize("service", programs(BLUEPRINT), ids=lambda service: service["name"])


def role(service: Service) -> str:
    return str(service["name"].rpartition("-")[2])


def commands(service: Service, kind: str) -> list[list[str]]:
    """The words of each command that a line joins by &&."""
    return [shlex.split(part.replace("$PORT", "10000")) for part in service[kind].split("&&")]


def worker_options(service: Service) -> dict[str, Any]:
    """The parsed options of `celery -A cityweather worker …`."""
    program, *words = commands(service, "startCommand")[0]
    assert program == "celery"
    outer = celery_cli.make_context("celery", words)
    assert outer.params["app"] == "cityweather"
    name, command, rest = celery_cli.resolve_command(outer, [*outer._protected_args, *outer.args])
    assert (name, command is not None) == ("worker", True)
    outer.obj = CLIContext(app=app, no_color=True, workdir=None)
    return dict(command.make_context(name, rest, parent=outer).params)  # type: ignore[union-attr]


@each_program
def test_a_service_gets_the_variables_that_it_reads_and_no_secret_is_written_down(service: Service) -> None:
    given = {variable["key"]: variable for variable in variables(BLUEPRINT, service)}
    assert given.keys() - variables_read().keys() - OF_THE_PLATFORM == set()
    assert SECRETS - NOT_NEEDED.get(role(service), set()) - given.keys() == set()
    assert [name for name in SECRETS & given.keys() if "value" in given[name]] == []
    assert given["DEBUG"]["value"] == "false"


@each_program
def test_a_service_refers_to_what_is_there(service: Service) -> None:
    others = {(other["type"], other["name"]): other for other in BLUEPRINT["services"]}
    databases = {database["name"] for database in BLUEPRINT["databases"]}
    for variable in service["envVars"]:
        if source := variable.get("fromService"):
            keys = [entry.get("key") for entry in others[source["type"], source["name"]].get("envVars", [])]
            assert source.get("envVarKey") in [None, *keys]
        if source := variable.get("fromDatabase"):
            assert source["name"] in databases


@each_program
def test_the_build_installs_the_hashed_lock(service: Service) -> None:
    pip, install, *options = commands(service, "buildCommand")[0]
    assert (pip, install) == ("pip", "install")
    assert options == ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", "env/requirements.txt"]


def test_the_management_commands_exist_and_know_their_options() -> None:
    web = BLUEPRINT["services"][0]
    lines = [commands(web, "buildCommand")[1], *commands(web, "preDeployCommand")]
    packages = ("django.contrib.staticfiles", "django.core", "cityweather")
    for (python, script, name, *rest), package in zip(lines, packages, strict=True):
        assert (python, script) == ("python", "src/manage.py")
        load_command_class(package, name).create_parser(script, name).parse_args(rest)


def test_gunicorn_knows_its_options() -> None:
    python, script, name, *words = commands(BLUEPRINT["services"][0], "startCommand")[0]
    assert (python, script, name) == ("python", "src/manage.py", "web")
    assert vars(Config().parser().parse_args(words))["args"] == []


def test_every_queue_has_its_worker_and_one_instance_carries_beat() -> None:
    _, fetch, bookkeeper = programs(BLUEPRINT)
    parsed = [worker_options(fetch), worker_options(bookkeeper)]
    assert [options["queues"] for options in parsed] == [["fetch"], ["bookkeeping"]]
    assert [bool(options["beat"]) for options in parsed] == [False, True]
    assert bookkeeper["numInstances"] == 1
    assert len({options["hostname"] for options in parsed}) == 2  # -n names that do not collide


def test_live_counters_are_not_evicted_and_redis_is_not_open_to_the_outside() -> None:
    (redis,) = [service for service in BLUEPRINT["services"] if service["type"] == "keyvalue"]
    assert (redis["maxmemoryPolicy"], redis["ipAllowList"]) == ("volatile-lru", [])


def test_the_health_check_is_a_path_of_ours() -> None:
    # Only the pattern that takes every path has no name.
    assert resolve(BLUEPRINT["services"][0]["healthCheckPath"], urlconf=settings.ROOT_URLCONF).url_name


def test_python_is_the_one_of_the_conda_lock() -> None:
    lock = yaml.safe_load((ROOT / "conda-lock.yml").read_text())
    (version,) = {package["version"] for package in lock["package"] if package["name"] == "python"}
    assert {"key": "PYTHON_VERSION", "value": version} in BLUEPRINT["envVarGroups"][0]["envVars"]


@pytest.mark.skipif(not SCHEMA.exists(), reason="Render's own schema is not part of this project")
def test_render_knows_every_key() -> None:
    errors = Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(BLUEPRINT)
    assert [error.message for error in errors] == []
