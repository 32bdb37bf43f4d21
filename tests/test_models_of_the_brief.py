"""The models have the fields that the brief names, of the kinds that it names; the README lists what is beyond it."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

import cityweather
from cityweather.api.urls import urlpatterns
from cityweather.models import BulkJob, City

TABLE = [
    ("SearchHistory.city_name", models.CharField, {}),
    ("SearchHistory.timestamp", models.DateTimeField, {"auto_now_add": True}),
    ("City.name", models.CharField, {"unique": True}),
    ("City.last_refreshed_at", models.DateTimeField, {"null": True}),
    ("City.last_status", models.CharField, {"values": ["failed", "pending", "success"]}),
    ("City.last_error", models.TextField, {"null": True}),
    ("BulkJob.job_id", models.UUIDField, {"primary_key": True}),
    ("BulkJob.total", models.IntegerField, {}),
    ("BulkJob.processed", models.IntegerField, {}),
    ("BulkJob.succeeded", models.IntegerField, {}),
    ("BulkJob.failed", models.IntegerField, {}),
    ("BulkJob.created_at", models.DateTimeField, {}),
    ("BulkJob.started_at", models.DateTimeField, {}),
    ("BulkJob.finished_at", models.DateTimeField, {}),
    # Beyond the brief: cancelled.
    ("BulkJob.status", models.CharField, {"values": ["cancelled", "done", "failed", "queued", "running"]}),
]


@pytest.mark.parametrize(("name", "kind", "options"), TABLE, ids=[name for name, _, _ in TABLE])
def test_a_field_is_as_the_brief_names_it(name: str, kind: type[models.Field], options: dict[str, object]) -> None:
    model, _, column = name.partition(".")
    field = apps.get_model("cityweather", model)._meta.get_field(column)
    assert isinstance(field, kind)
    assert (field.name, field.column) == (column, column)
    found = {**vars(field), "unique": field.unique, "values": sorted(value for value, _ in field.choices or ())}
    assert {option: found[option] for option in options} == options


BRIEF = {"SearchHistory", "City", "BulkJob"}


def beyond_the_brief() -> list[str]:
    """The first column of the maintainers' table."""
    readme = Path(cityweather.__file__).with_name("README.md").read_text()
    section = readme.partition("\n## Beyond the brief\n")[2].partition("\n## ")[0]
    return [line.split(" | ")[0].strip("| ") for line in section.splitlines() if line.startswith("| ")][1:]


def test_each_model_beyond_the_brief_is_listed_and_no_other() -> None:
    listed = set(re.findall(r"\b[A-Z]\w+\b", " ".join(beyond_the_brief())))
    models_there = {model.__name__ for model in apps.get_app_config("cityweather").get_models()}
    assert models_there - listed <= BRIEF
    assert listed & {name for name in listed if name[1:] != name[1:].lower()} <= models_there | {"NDJSON", "GeoJSON"}


def test_each_name_in_that_list_is_there() -> None:
    routes = {str(pattern.pattern) for pattern in urlpatterns}
    fields = {field.name for model in (City, BulkJob) for field in model._meta.get_fields()}
    names = {*fields, *BulkJob.Status.values, *(f"/{route}" for route in routes), "units"}
    listed = re.findall(r"`([^`]+)`", " ".join(beyond_the_brief()))
    assert len(listed) >= 8
    assert set(listed) - names == set()


@pytest.mark.parametrize("what", ["pause", "resume", "retry", "rerun", "points", "summary", "schedules", "places"])
def test_each_path_beyond_the_brief_is_listed(what: str) -> None:
    assert any(str(pattern.pattern).endswith(what) for pattern in urlpatterns)
    assert any(what.removesuffix("s") in row.lower() for row in beyond_the_brief())
