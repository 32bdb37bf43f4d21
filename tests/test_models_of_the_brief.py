"""The models have the fields that the brief names, of the kinds that it names."""

import pytest
from django.apps import apps
from django.db import models

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
