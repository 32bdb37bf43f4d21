"""A job under a quota shows from the start when the quota lets it end."""

import time

import pytest

from cityweather.models import BulkJob
from cityweather.weather.availability import ProviderAvailability
from cityweather.weather.rate_limiter import NO_LIMIT, QuotaForecast, QuotaWindowLeft
from tests.support import dispatch
from tests.support.capture import Sent
from tests.support.flush import make_job, tracker


def tick(monkeypatch: pytest.MonkeyPatch, availability: ProviderAvailability) -> None:
    dispatch.use(monkeypatch, availability)
    dispatch.tick()


def shown(job: BulkJob) -> float | None:
    state = tracker().progress(str(job.job_id))
    assert state is not None
    return state.eta_seconds


@pytest.mark.usefixtures("sent_tasks")
def test_a_job_shows_it_before_its_first_result(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(100)
    tick(monkeypatch, ProviderAvailability(quota=QuotaForecast(0.0, 2.0, restored=True)))
    assert shown(job) == pytest.approx(50, abs=2)


def test_a_job_that_waits_for_the_next_hour_shows_it(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(100)
    hour = QuotaWindowLeft(tokens=0, ends=1200.0, limit=40, seconds=3600)
    tick(
        monkeypatch,
        ProviderAvailability("quota", time.time() + 1200, QuotaForecast(1200.0, 2.0, restored=True, longer=(hour,))),
    )
    assert sent_tasks == []
    assert shown(job) == pytest.approx(1200 + 2 * 3600 + 20 / 2, abs=10)


@pytest.mark.usefixtures("sent_tasks")
def test_jobs_share_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = make_job(10), make_job(90, first_city=1000)
    tick(monkeypatch, ProviderAvailability(quota=QuotaForecast(0.0, 1.0, restored=True)))
    assert shown(small) == pytest.approx(20, abs=2)
    assert shown(large) == pytest.approx(100, abs=2)


@pytest.mark.usefixtures("sent_tasks")
def test_a_limit_that_is_lifted_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(100)
    tick(monkeypatch, ProviderAvailability(quota=QuotaForecast(0.0, 2.0, restored=True)))
    tick(monkeypatch, ProviderAvailability(quota=NO_LIMIT))
    assert shown(job) is None
