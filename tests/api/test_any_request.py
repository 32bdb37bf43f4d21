"""Requests that a machine makes up from the schema: no answer is a 500, and each is as the schema describes it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from cityweather.models import RejectedRow, SearchHistory
from cityweather.ops import health
from cityweather.wsgi import application
from tests.support.api import KEY, UNKNOWN, go_live, make_job
from tests.support.heartbeats import all_alive

# Cursors, encodings and paths cannot be guessed: that a made up one is refused is as it should be. And what the schema
# does not know (another parameter, a header) is let pass.
UNFAIR = [positive_data_acceptance, negative_data_rejection]


@pytest.fixture
def api(redis_server: Any, database: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(health, "FLUSH_LATE", float("inf"))  # on a slow machine a result waits longer here
    settings.THROTTLE_API = settings.THROTTLE_WEATHER = ""
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    all_alive(redis_server, seconds=3600)
    job, live = make_job("sfp"), make_job("ppp")
    ended = make_job("sf", status="done", phase="ended")
    RejectedRow.objects.create(job=job, line=3, code="name_too_long", text="x")
    SearchHistory.objects.create(city_name="Oslo")
    go_live(live, succeeded=1)
    ids = [str(found.job_id) for found in (job, live, ended)] + [UNKNOWN, "nonsense"]
    found = schemathesis.openapi.from_wsgi("/schema", application)

    @found.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        if path_parameters and "job_id" in path_parameters:
            path_parameters["job_id"] = ids[
                crc32(path_parameters["job_id"].encode("utf-8", "surrogatepass")) % len(ids)
            ]
        return path_parameters

    return found


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize(
    ("redis_server", "database", "mode"),
    [("fake", "sqlite", GenerationMode.POSITIVE), ("valkey", "postgres", GenerationMode.NEGATIVE)],
    indirect=["redis_server", "database"],
)
def test_any_request(api: Any, mode: GenerationMode) -> None:
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) > 15
    asked = []
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case: Any) -> None:
            asked.append(case.path)
            case.call_and_validate(headers={"X-API-Key": KEY}, excluded_checks=UNFAIR)

        with suppress(Unsatisfiable):  # what takes no parameter cannot be given a wrong one
            ask()
    assert len(set(asked)) > 12
