"""What is wrong with a Render Blueprint, judged against this project's settings, programs and locks."""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from django.conf import settings
from django.urls import resolve
from jsonschema import Draft7Validator

from tests.setup import commands
from tests.setup.declared import ROOT, variables_read

Blueprint = dict[str, Any]
Service = dict[str, Any]
SCHEMA = ROOT.parent / "shared/render-schema.json"
OF_THE_PLATFORM = {"PYTHON_VERSION", "PYTHONPATH"}  # read by Render and Python, not by settings.py
SECRETS = {"SECRET_KEY", "CITYWEATHER_API_KEY", "OPENWEATHER_API_KEY", "DATABASE_URL", "REDIS_URL"}
NEEDED = {"web": SECRETS, "fetch": SECRETS - {"DATABASE_URL"}, "bookkeeper": SECRETS}
COMMANDS = ("buildCommand", "preDeployCommand", "startCommand")
QUEUES = {"fetch", "bookkeeping"}


def programs(blueprint: Blueprint) -> list[Service]:
    return [service for service in blueprint["services"] if service["type"] != "keyvalue"]


def variables(blueprint: Blueprint, service: Service) -> Iterator[dict[str, Any]]:
    """Those of a service, its groups' included."""
    groups = {group["name"]: group["envVars"] for group in blueprint["envVarGroups"]}
    for variable in service["envVars"]:
        yield from groups.get(variable["fromGroup"], [variable]) if "fromGroup" in variable else [variable]


def about_variables(blueprint: Blueprint) -> Iterator[str]:
    known = variables_read().keys() | OF_THE_PLATFORM
    for service in programs(blueprint):
        given = {
            variable.get("key", f"group {variable.get('fromGroup')}"): variable
            for variable in variables(blueprint, service)
        }
        role = service["name"].rpartition("-")[2]
        yield from (f"{role}: the settings read no {name}" for name in given.keys() - known)
        yield from (f"{role}: {name} is missing" for name in NEEDED[role] - given.keys())
        yield from (f"{role}: {name} is written down" for name in SECRETS & given.keys() if "value" in given[name])
        if str(given.get("DEBUG", {}).get("value")) != "false":
            yield f"{role}: DEBUG is not false"


def about_references(blueprint: Blueprint) -> Iterator[str]:
    services = {(service["type"], service["name"]): service for service in blueprint["services"]}
    databases = {database["name"] for database in blueprint["databases"]}
    for service in programs(blueprint):
        for variable in service["envVars"]:
            source = variable.get("fromService")
            target = services.get((source["type"], source["name"])) if source else None
            if source and target is None:
                yield f"{service['name']}: no service {source['name']}"
            if (
                target
                and "envVarKey" in source
                and source["envVarKey"] not in [v.get("key") for v in target["envVars"]]
            ):
                yield f"{service['name']}: {source['name']} has no {source['envVarKey']}"
            if "fromDatabase" in variable and variable["fromDatabase"]["name"] not in databases:
                yield f"{service['name']}: no database {variable['fromDatabase']['name']}"


def about_commands(blueprint: Blueprint) -> Iterator[str]:
    consumed: list[str] = []
    beats = 0
    for service in programs(blueprint):
        lines = [service[key] for key in COMMANDS if key in service]
        yield from (f"{service['name']}: {said}" for line in lines for said in commands.complaints_about(line))
        program, *arguments = commands.simple_commands(service["startCommand"])[0]
        if program == "celery" and not commands.complaints_about(service["startCommand"]):
            options = commands.celery_options(arguments)
            consumed += options["queues"]
            if options.get("beat"):
                beats += service.get("numInstances", 1)
    if sorted(consumed) != sorted(QUEUES):
        yield f"the queues consumed are {consumed}"
    if beats != 1:
        yield f"{beats} instances carry beat"


def about_the_rest(blueprint: Blueprint) -> Iterator[str]:
    for service in blueprint["services"]:
        if service["type"] == "keyvalue" and service.get("maxmemoryPolicy") != "volatile-lru":
            yield f"{service['name']}: live counters may be evicted"
        if service["type"] == "keyvalue" and service.get("ipAllowList") != []:
            yield f"{service['name']}: open to the outside"
        if service["type"] == "web":
            found = resolve(service["healthCheckPath"], urlconf=settings.ROOT_URLCONF)
            if found.url_name is None:  # only the pattern that takes every path has no name
                yield f"{service['name']}: no path {service['healthCheckPath']}"
    lock = yaml.safe_load((ROOT / "conda-lock.yml").read_text())
    locked = {package["version"] for package in lock["package"] if package["name"] == "python"}
    python = {
        v["value"] for group in blueprint["envVarGroups"] for v in group["envVars"] if v["key"] == "PYTHON_VERSION"
    }
    if python != locked:
        yield f"PYTHON_VERSION is {python}, conda-lock.yml has {locked}"


def about_the_schema(blueprint: Blueprint) -> Iterator[str]:
    """Render's own schema is not part of this project; a copy beside it is used where there is one."""
    if SCHEMA.exists():
        for error in Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(blueprint):
            yield f"schema: {'/'.join(map(str, error.absolute_path))}: {error.message}"


def complaints_about(blueprint: Blueprint) -> list[str]:
    judges = (about_variables, about_references, about_commands, about_the_rest, about_the_schema)
    return [complaint for judge in judges for complaint in judge(blueprint)]
