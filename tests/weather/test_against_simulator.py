"""The bulk path over real connections, against a provider that misbehaves as real ones do."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from cityweather.weather import batch_fetch, http_bulk
from cityweather.weather.batch_fetch import run_batch
from cityweather.weather.batch_queue import Batch, BatchRow
from cityweather.weather.http_bulk import BulkTransport, Completed
from cityweather.weather.providers.base import AskedPlace, Request, Response
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather_dev.simulator.process import Simulator
from tests.support.fakes import RecordingTracker, named
from tests.support.tracker import JOB

TRANSIENT = ("500", "502", "503", "504", "reset", "hang", "half", "slow", "html", "html200", "empty", "garbage",
             "midstream", "redirect", "huge", "no_weather", "nulls")  # fmt: skip

ENDLESS = ("hang", "slow")

Run = Callable[..., RecordingTracker]


@pytest.fixture(params=["openweather", "open_meteo"])
def run(
    request: pytest.FixtureRequest,
    redis_server: Redis,
    simulator: Simulator,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    """Fetches places in one batch after another until all are recorded; the tracker they ended up in."""
    settings.WEATHER_PROVIDER = request.param
    for name in ("OPENWEATHER_QUOTA_PER_MINUTE", "OPENWEATHER_QUOTA_PER_MONTH", "OPEN_METEO_QUOTA_PER_MINUTE",
                 "OPEN_METEO_QUOTA_PER_HOUR", "OPEN_METEO_QUOTA_PER_DAY"):  # fmt: skip
        setattr(settings, name, 0)
    transports = []

    def fetch(places: list[AskedPlace], rounds: int = 5, timeout: float = 8.0) -> RecordingTracker:
        monkeypatch.setattr(http_bulk, "TOTAL_TIMEOUT", timeout)
        tracker = RecordingTracker(redis_server)
        tracker.install(JOB, 1, "0-1", b"", {"total": len(places), "imported": len(places), "next": 0})
        ours = replace(batch_fetch.batch_context(), tracker=tracker)
        transports.append(ours.transport)
        for _ in range(rounds):
            left = tracker.claim(JOB, 1, "token", len(places), missing=False).positions
            if left and not tracker.parks_for("key"):
                tracker.start(JOB, 1, "token")
                run_batch(Batch(JOB, 1, "token", [BatchRow(n, places[n]) for n in left]), ours)
        return tracker

    yield fetch
    for transport in transports:
        transport.close()


def sent_after(status: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that go out once an answer with this status has been read. What is under way by then, is."""
    sent: list[str] = []
    read: list[int] = []
    submit, poll = BulkTransport.submit, BulkTransport.poll

    def watched_submit(self: BulkTransport, tag: Any, request: Request) -> None:
        if status in read:
            sent.append(request.url)
        submit(self, tag, request)

    def watched_poll(self: BulkTransport, timeout: float) -> list[Completed]:
        completed = poll(self, timeout)
        read.extend(outcome.status for _, outcome in completed if isinstance(outcome, Response))
        return completed

    monkeypatch.setattr(BulkTransport, "submit", watched_submit)
    monkeypatch.setattr(BulkTransport, "poll", watched_poll)
    return sent


def places(*names: str) -> list[AskedPlace]:
    return [AskedPlace(name) for name in names]


fake_redis = pytest.mark.parametrize("redis_server", ["fake"], indirect=True)


@fake_redis
def test_every_city_gets_weather_with_coordinates(run: Run, simulator: Simulator) -> None:
    tracker = run(places(*named(300), "Oslo"))
    assert len(tracker.results) == 301
    assert not tracker.errors()
    assert all(result.weather and None not in result.weather[:9] for result in tracker.results.values())
    assert simulator.stats()["repeated"] == 0


@fake_redis
def test_unknown_cities_fail_alone(run: Run) -> None:
    tracker = run(places("Oslo", "New Atlantis", "Rome", "Nowhere"))
    assert {n: result.error for n, result in tracker.results.items()} == {
        0: None, 1: "unknown_city", 2: None, 3: "unknown_city",
    }  # fmt: skip


@fake_redis
@pytest.mark.parametrize("fault", TRANSIENT)
def test_passing_trouble_fails_no_city(run: Run, simulator: Simulator, fault: str) -> None:
    simulator.control(fault=fault, fault_rate=0.08)
    timeout = 1.0 if fault in ENDLESS else 8.0  # seconds; a busy machine must not make sound answers late
    tracker = run(places(*named(80)), rounds=40, timeout=timeout)
    assert len(tracker.results) == 80
    assert not tracker.errors()


@fake_redis
def test_a_missing_humidity_is_not_invented(run: Run, simulator: Simulator) -> None:
    simulator.control(fault="no_humidity")
    tracker = run(places(*named(20)))
    assert len(tracker.results) == 20
    assert [result.weather[2] for result in tracker.results.values() if result.weather] == [None] * 20


@fake_redis
@pytest.mark.parametrize("run", ["openweather"], indirect=True)
def test_a_cod_of_the_other_type_is_read(run: Run, simulator: Simulator) -> None:
    simulator.control(fault="cod")
    tracker = run(places(*named(20)))
    assert len(tracker.results) == 20
    assert not tracker.errors()


@fake_redis
def test_one_city_that_the_provider_refuses_fails_alone(run: Run, simulator: Simulator) -> None:
    simulator.control(cities={"city 33": "400"})
    tracker = run(places(*named(120)))
    assert tracker.errors() == {"refused_city": 1}
    assert tracker.results[33].error == "refused_city"
    assert len(tracker.results) == 120


@fake_redis
def test_one_city_that_breaks_the_provider_gives_up_alone(run: Run, simulator: Simulator) -> None:
    simulator.control(cities={"city 33": "500"})
    tracker = run(places(*named(60)))
    assert tracker.errors() == {"gave_up": 1}
    assert len(tracker.results) == 60


@fake_redis
def test_a_refused_key_costs_a_handful_of_requests(run: Run, simulator: Simulator) -> None:
    simulator.control(fault="401")
    tracker = run(places(*named(200)))
    assert tracker.parks_for("key") == 1
    assert not tracker.results
    assert simulator.stats()["requests"] <= 4


@fake_redis
def test_a_429_parks_for_the_quota(run: Run, simulator: Simulator) -> None:
    simulator.control(fault="429", retry_after=20)
    tracker = run(places(*named(200)), rounds=1)
    assert [waiting_for for _, waiting_for in tracker.parks] == ["quota"]
    assert not tracker.results


@fake_redis
@pytest.mark.parametrize("run", ["open_meteo"], indirect=True)
def test_a_used_up_hour_parks_until_the_next(run: Run, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator.control(quota_per_hour=50)
    late = sent_after(429, monkeypatch)
    tracker = run(places(*named(100)), rounds=1)
    until, waiting_for = tracker.parks[0]
    assert waiting_for == "quota"
    assert until == pytest.approx(math.ceil(time.time() / 3600) * 3600, abs=3)
    assert late == []


@pytest.mark.parametrize("run", ["open_meteo"], indirect=True)
def test_a_city_with_coordinates_is_not_geocoded(run: Run, simulator: Simulator) -> None:
    first = run(places(*named(250)))
    before = simulator.stats()["by_kind"]
    located = [
        AskedPlace(f"other {name}", result.weather[7], result.weather[8])
        for name, (_, result) in zip(named(250), sorted(first.results.items()), strict=True)
        if result.weather
    ]
    second = run(located)
    assert len(second.results) == 250
    assert before["search"] == 250
    assert simulator.stats()["by_kind"] == before  # their weather is kept by coordinates


@pytest.mark.parametrize("run", ["open_meteo"], indirect=True)
def test_places_with_coordinates_share_requests(run: Run, simulator: Simulator) -> None:
    tracker = run([AskedPlace(f"place {n}", 40 + n / 10, 5.0) for n in range(250)])
    assert len(tracker.results) == 250
    assert simulator.stats()["by_kind"] == {"forecast": math.ceil(250 / OpenMeteo.per_request)}
