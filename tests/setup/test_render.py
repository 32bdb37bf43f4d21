"""render.yaml fits this project, and the judge that says so is seen to complain."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.setup import blueprint
from tests.setup.declared import ROOT

Service = dict[str, Any]


def load() -> blueprint.Blueprint:
    return yaml.safe_load((ROOT / "render.yaml").read_text())


def test_the_blueprint_fits_the_project() -> None:
    assert blueprint.complaints_about(load()) == []


def in_command(service: int, key: str, old: str, new: str) -> Callable[[blueprint.Blueprint], None]:
    def edit(loaded: blueprint.Blueprint) -> None:
        assert old in loaded["services"][service][key], "the mutation mutates nothing"
        loaded["services"][service][key] = loaded["services"][service][key].replace(old, new)

    return edit


def put(service: int, key: str, value: Any) -> Callable[[blueprint.Blueprint], None]:
    return lambda loaded: loaded["services"][service].update({key: value})


def add_variable(variable: dict[str, Any]) -> Callable[[blueprint.Blueprint], None]:
    return lambda loaded: loaded["envVarGroups"][0]["envVars"].append(variable)


def rename_reference(loaded: blueprint.Blueprint) -> None:
    loaded["services"][0]["envVars"][-1]["fromService"]["name"] = "redis"


def write_a_secret(loaded: blueprint.Blueprint) -> None:
    for variable in loaded["envVarGroups"][0]["envVars"]:
        if variable.pop("generateValue", False):
            variable["value"] = "secret"


def drop(service: int, variable: str) -> Callable[[blueprint.Blueprint], None]:
    def edit(loaded: blueprint.Blueprint) -> None:
        kept = [entry for entry in loaded["services"][service]["envVars"] if entry.get("key") != variable]
        assert len(kept) < len(loaded["services"][service]["envVars"]), "the mutation mutates nothing"
        loaded["services"][service]["envVars"] = kept

    return edit


WEB, FETCH, BOOKKEEPER, REDIS = range(4)
MUTATIONS = {
    "an unknown variable": (add_variable({"key": "REDIS_ADDRESS", "value": "x"}), "the settings read no REDIS_ADDRESS"),
    "a secret written down": (write_a_secret, "SECRET_KEY is written down"),
    "a missing variable": (drop(WEB, "DATABASE_URL"), "web: DATABASE_URL is missing"),
    "a reference to nothing": (rename_reference, "cityweather-web: no service redis"),
    "a key that its service lacks": (drop(WEB, "OPENWEATHER_API_KEY"), "cityweather-web has no OPENWEATHER_API_KEY"),
    "an unknown option of gunicorn": (in_command(WEB, "startCommand", "--threads", "--processes"), "gunicorn: "),
    "a wrong value for gunicorn": (in_command(WEB, "startCommand", "--threads 8", "--threads many"), "gunicorn: "),
    "an unknown configuration": (in_command(WEB, "startCommand", "ops.gunicorn", "gunicorn"), "no configuration"),
    "an unknown application": (in_command(WEB, "startCommand", ".wsgi:app", ".asgi:app"), "unknown application"),
    "an unknown option of celery": (in_command(FETCH, "startCommand", "--concurrency", "--processes"), "celery: "),
    "a wrong value for celery": (in_command(FETCH, "startCommand", "--concurrency 2", "--concurrency two"), "celery: "),
    "a queue that nobody fills": (in_command(FETCH, "startCommand", "-Q fetch", "-Q default"), "the queues consumed"),
    "an unknown management command": (in_command(WEB, "preDeployCommand", "migrate", "migrat"), "unknown command"),
    "an unknown option of migrate": (in_command(WEB, "preDeployCommand", "--noinput", "--quiet"), "python: "),
    "a lock that is not there": (in_command(FETCH, "buildCommand", "requirements.txt", "prod.txt"), "pip install: "),
    "a program that is not ours": (put(WEB, "startCommand", "uvicorn cityweather"), "uvicorn is not a program"),
    "no beat": (in_command(BOOKKEEPER, "startCommand", " -B", ""), "0 instances carry beat"),
    "beat twice": (put(BOOKKEEPER, "numInstances", 2), "2 instances carry beat"),
    "counters that may be evicted": (put(REDIS, "maxmemoryPolicy", "allkeys-lru"), "may be evicted"),
    "an open Redis": (put(REDIS, "ipAllowList", [{"source": "0.0.0.0/0"}]), "open to the outside"),
    "a health check that is not there": (put(WEB, "healthCheckPath", "/health"), "no path /health"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_judge_complains_of(mutation: str) -> None:
    edit, expected = MUTATIONS[mutation]
    loaded = copy.deepcopy(load())
    edit(loaded)
    assert expected in "\n".join(blueprint.complaints_about(loaded))


def test_a_key_that_render_does_not_know_fails_its_schema_where_there_is_a_copy() -> None:
    loaded = load()
    loaded["services"][WEB]["healthcheck"] = "/readyz"
    complaints = blueprint.complaints_about(loaded)
    assert bool(complaints) == blueprint.SCHEMA.exists()
