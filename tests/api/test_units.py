"""?units=: what is stored in °C and m/s leaves in °F and miles an hour."""

import json
from typing import Any

import pytest
from django.test import Client

from cityweather.api.result_serializers import WeatherValues
from cityweather.api.serializers import Speed, Temperature
from cityweather.models import JobResult
from tests.support.api import make_city, make_job

ROW = {"status": "success", "temperature": -17.78, "condition": None, "humidity": 40}


@pytest.mark.parametrize(("stored", "shown"), [(0, 32.0), (100, 212.0), (-40, -40.0), (36.6, 97.88)])
def test_fahrenheit(stored: float, shown: float) -> None:
    shape = WeatherValues(context={"units": "imperial"})
    assert shape.to_representation({**ROW, "temperature": stored})["temperature"] == shown


@pytest.mark.parametrize(("stored", "shown"), [(0, 0.0), (10, 22.37), (0.44704, 1.0)])
def test_miles_an_hour(stored: float, shown: float) -> None:
    field = Speed()
    field._context = {"units": "imperial"}
    assert field.to_representation(stored) == shown


def test_without_units_the_stored_value_leaves() -> None:
    assert (Temperature().to_representation(1.5), Speed().to_representation(2)) == (1.5, 2.0)


def temperature(answer: Any, form: str) -> float:
    if form == "json":
        row = answer.json()["results"][0]
    elif form == "ndjson":
        row = json.loads(answer.getvalue())
    elif form == "geojson":
        row = json.loads(answer.getvalue())["features"][0]["properties"]
    else:
        header, cells = (line.split(",") for line in answer.getvalue().decode().split())
        row = dict(zip(header, cells, strict=True))
    return float(row.get("weather", row)["temperature"])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["json", "csv", "ndjson", "geojson"])
@pytest.mark.parametrize(("units", "shown"), [("", 20.0), ("&units=metric", 20.0), ("&units=imperial", 68.0)])
def test_rows_and_cities_in_each_format(keyed: Client, form: str, units: str, shown: float) -> None:
    make_city("city-0000", temperature=20.0)
    assert temperature(keyed.get(f"/cities?format={form}{units}"), form) == shown
    job = make_job()
    JobResult.objects.create(
        job=job, position=0, line=2, city=make_city("city-0000"), status="success", temperature=20.0, condition="Rain"
    )
    assert temperature(keyed.get(f"/bulk/jobs/{job.job_id}/results?format={form}{units}"), form) == shown


@pytest.mark.usefixtures("db")
def test_the_summary_of_a_job(keyed: Client) -> None:
    path = f"/bulk/jobs/{make_job('s').job_id}/summary"
    metric, imperial = keyed.get(path), keyed.get(f"{path}?units=imperial")
    shown = [answer.json()["most_recent"][0]["weather"]["temperature"] for answer in (metric, imperial)]
    assert shown == [1.5, 34.7]
    assert metric["ETag"] != imperial["ETag"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["/weather?city=Oslo&", "/cities?", f"/bulk/jobs/{'0' * 8}/results?"])
def test_another_word_is_refused(keyed: Client, path: str) -> None:
    answer = keyed.get(f"{path}units=kelvin")
    assert (answer.status_code, answer.json()) == (
        400, {"detail": "The parameter units must be one of metric, imperial.", "code": "invalid_parameter"},
    )  # fmt: skip
