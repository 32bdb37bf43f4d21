"""The maintainers' table of indexes names those that the models have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model
from django.db.models.expressions import OrderBy

import cityweather

README = Path(cityweather.__file__).with_name("README.md")


def of_models() -> set[tuple[str, str]]:
    """(Model.field, field, …; the index's name)."""
    ours = apps.get_app_config("cityweather").get_models()
    return {(f"{model.__name__}.{fields}", name) for model in ours for fields, name in indexes(model)}


def indexes(model: type[Model]) -> Iterator[tuple[str, str]]:
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key:
            yield field.name, "unique"
        elif isinstance(field, ForeignKey) and field.db_index:
            yield field.name, "foreign key"
    for constraint in model._meta.constraints:
        yield ", ".join(constraint.fields), constraint.name  # type: ignore[attr-defined]
    for index in model._meta.indexes:
        expressions = [e.expression.name for e in index.expressions if isinstance(e, OrderBy)]
        yield ", ".join(index.fields or expressions), index.name


def of_the_table() -> set[tuple[str, str]]:
    section = README.read_text().partition("\n## Indexes\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    return {(fields.partition(" where ")[0].partition(" (")[0].strip(), name.strip()) for fields, name, _ in rows}


def test_the_table_of_indexes_lists_those_of_the_models() -> None:
    assert of_the_table() == of_models()


@pytest.mark.parametrize(
    "asked", [("City.name", "unique"), ("City.last_refreshed_at", "city_refreshed")], ids=["name", "refreshed"]
)
def test_the_indexes_of_the_brief_are_there(asked: tuple[str, str]) -> None:
    assert asked in of_models()
    assert any(fields.startswith("SearchHistory.timestamp") for fields, _ in of_models())
