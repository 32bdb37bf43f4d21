"""A provider's words go into the database as they are."""

import pytest

from cityweather.models import JobResult
from cityweather.tracker.results import Result
from tests.support.flush import flush, running_job, work


@pytest.mark.parametrize(
    "text",
    [
        'a "quoted" word',
        "back\\slash\\",
        "{curly, NULL}",
        "NULL",
        "null",
        "two\nlines\tand a tab",
        "l'été à Kraków",
        "",
    ],
)
def test_any_text_arrives_as_it_was(text: str) -> None:
    job = running_job(1)
    weather = [20.5, text, 55, 1_700_000_000, 1e-07, text, 2.5, 48.85, 2.35, "Paris", "FR"]
    work(job, [Result(0, 1_700_000_100, None, weather)])
    flush(job)
    row = JobResult.objects.select_related("city").get(job=job)
    assert (row.condition, row.city.description, row.city.feels_like) == (text, text, 1e-07)
