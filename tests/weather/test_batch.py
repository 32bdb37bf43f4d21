"""A batch from its rows to the tracker, with nothing wrong."""

import subprocess
import sys
from bisect import bisect_left

import pytest
from redis import Redis
from redis.exceptions import ConnectionError  # noqa: A004

from cityweather.tracker.results import Result
from cityweather.weather import admission
from cityweather.weather.rate_limiter import Grant
from tests.support.fakes import UNKNOWN, Outcome, World, named, place_of, weather


@pytest.fixture
def world(redis_server: Redis) -> World:
    return World(redis_server)


def test_every_row_is_asked_for_once_and_recorded(world: World) -> None:
    world.batch(*named(300))
    assert sorted(world.upstream.asked) == sorted(named(300))
    assert sorted(world.tracker.results) == list(range(300))
    assert not world.tracker.errors()
    assert world.tracker.released == 1


def test_a_result_holds_the_time_and_the_content_of_the_answer(world: World) -> None:
    world.batch("Oslo", first=7)
    result = world.tracker.results[7]
    oslo = place_of("Oslo")
    assert result == Result(
        7, result.refreshed_at, None,
        [10.5, "Clouds", 70, 1_795_000_000, 9.0, "broken clouds", 3.1, oslo.latitude, oslo.longitude, None, None, None],
    )  # fmt: skip
    assert result.refreshed_at == pytest.approx(world.clock.unix(), abs=0.1)


def test_a_fresh_cache_entry_costs_no_call(world: World) -> None:
    world.batch("Oslo")
    answered_at = world.tracker.results[0].refreshed_at
    world.clock.advance(60)
    world.batch("OSLO", "  Rome", first=1)
    assert world.upstream.asked == ["Oslo", "  Rome"]
    assert world.tracker.results[1].refreshed_at == pytest.approx(answered_at, abs=1)
    assert world.tracker.results[1].weather == world.tracker.results[0].weather


def test_an_unknown_city_fails_alone_and_is_remembered(world: World) -> None:
    world.upstream.respond = lambda city: UNKNOWN if city == "Atlantis" else weather(city)
    world.batch("Oslo", "Atlantis", "Rome")
    world.batch("Atlantis", first=3)
    assert {position: result.error for position, result in world.tracker.results.items()} == {
        0: None, 1: "unknown_city", 2: None, 3: "unknown_city",
    }  # fmt: skip
    assert world.upstream.asked.count("Atlantis") == 1


def test_slow_answers_to_few_rows_are_no_reason_for_still_smaller_batches(world: World) -> None:
    world.batch(*named(200))
    world.upstream.latency = 2.0
    world.batch(*named(4, "slow"), first=200)
    assert world.tracker.speeds[-1] == world.upstream.concurrency


def test_results_are_recorded_every_quarter_of_a_second(world: World) -> None:
    world.upstream.latency = 0.1
    world.upstream.concurrency = 4
    world.batch(*named(60))
    calls = [size for size in world.tracker.calls if size]
    assert sum(calls) == 60
    # Four answers a tenth of a second, fifteen times; what came in within a quarter of a second goes together.
    assert 5 <= len(calls) <= 7


def test_no_call_records_more_than_500(world: World) -> None:
    world.upstream.latency = 0.0
    world.upstream.concurrency = 256
    world.batch(*named(1700))
    assert max(world.tracker.calls) <= 500
    assert len(world.tracker.results) == 1700


def test_the_lease_is_renewed_while_nothing_finishes(world: World) -> None:
    world.upstream.latency = 7.0
    world.batch("Oslo")
    assert world.tracker.calls.count(0) >= 3


@pytest.mark.parametrize("reason", ["gone", "closed", "epoch", "cancelled", "lease"])
def test_a_stop_ends_the_batch_at_once(world: World, reason: str) -> None:
    def respond(city: str) -> Outcome:
        world.stop(reason)
        return weather(city)

    world.upstream.respond = respond
    world.batch(*named(5000))
    assert len(world.upstream.asked) < 500
    assert world.upstream.under_way == 0
    assert (world.tracker.parks, world.tracker.released) == ([], 1)


def test_many_requests_run_at_once_but_a_cold_start_is_gentle(world: World) -> None:
    world.batch(*named(400))
    assert world.upstream.most_at_once == 32
    first = world.upstream.moments[0]
    assert sum(moment == first for moment in world.upstream.moments) == 2


def test_the_providers_cap_on_requests_under_way_holds(world: World) -> None:
    world.provider.concurrency = 10
    world.context = world.process()
    world.batch(*named(200))
    assert world.upstream.most_at_once == 9
    assert len(world.tracker.results) == 200
    assert world.redis.hlen("cw:{openweather}:slots") == 0


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)  # thousands of calls take the fake half a minute
def test_a_batch_under_a_quota_stays_below_it_and_waits_in_place(redis_server: Redis) -> None:
    world = World(redis_server, per_minute=600)
    world.context.rate_limiter.acquire(1)
    world.clock.advance(60)
    world.job(named(1200), size=10)
    assert len(world.tracker.results) == 1200
    moments = world.upstream.moments
    within = [bisect_left(moments, moment + 60) - first for first, moment in enumerate(moments)]
    assert 590 <= max(within) <= 600
    assert moments[-1] - moments[0] <= 1200 / (600 * 0.95 / 60) * 1.01
    assert world.tracker.parks == []


def test_a_long_wait_for_the_quota_parks_the_job_and_gives_the_rows_back(redis_server: Redis) -> None:
    world = World(redis_server, per_minute=10)
    world.batch(*named(3))
    until, waiting_for = world.tracker.parks[0]
    assert waiting_for == "quota"
    assert 2 < until - world.clock.unix() < 13
    assert world.tracker.released == 1
    assert world.upstream.asked == []


def test_no_token_is_used_late(redis_server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late, it would count in the provider's next minute."""
    world = World(redis_server, per_minute=6000)
    world.upstream.concurrency, world.upstream.latency = 1, 0.2
    world.context.rate_limiter.acquire(1)
    world.clock.advance(60)
    granted: list[float] = []
    acquire = world.context.rate_limiter.acquire

    def noting(wanted: int) -> Grant:
        granted.append(world.clock.passed)
        return acquire(wanted)

    monkeypatch.setattr(world.context.rate_limiter, "acquire", noting)
    world.batch(*named(30))
    ages = [used - max(moment for moment in granted if moment <= used) for used in world.upstream.moments]
    assert len(ages) == 30
    assert max(ages) <= 0.25


def test_unused_tokens_go_back(redis_server: Redis) -> None:
    world = World(redis_server, per_minute=6000)
    world.context.rate_limiter.acquire(1)
    world.clock.advance(60)
    free = world.context.rate_limiter.acquire(10_000).tokens
    world.context.rate_limiter.refund(free)

    def respond(city: str) -> Outcome:
        world.stop("cancelled")
        return weather(city)

    world.upstream.respond = respond
    world.batch(*named(200))
    asked = len(world.upstream.asked)
    assert world.context.rate_limiter.acquire(10_000).tokens >= free - asked


def test_the_cache_answers_while_the_provider_is_not_asked(world: World) -> None:
    world.batch(*named(50))
    world.upstream.asked.clear()
    world.context.breaker.record_failure()
    world.batch(*named(50), first=50)
    assert len(world.tracker.results) == 100
    assert world.upstream.asked == []
    assert world.tracker.parks == []


def test_without_the_tracker_the_batch_ends_and_its_answers_are_in_the_cache(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(world.tracker, "record", unreachable)
        with pytest.raises(ConnectionError):
            world.batch(*named(500))
    assert world.upstream.under_way == 0
    asked = len(world.upstream.asked)
    world.batch(*named(500))
    assert len(world.tracker.results) == 500
    assert len(world.upstream.asked) <= 500 + world.upstream.concurrency
    assert asked > world.upstream.concurrency


def test_a_worker_that_stops_finishes_what_takes_seconds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "shutdown_requested", lambda: True)
    world.batch(*named(300))
    assert len(world.tracker.results) == 300


def test_a_worker_that_stops_hands_back_what_takes_longer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.upstream.latency = 7.0
    monkeypatch.setattr(admission, "shutdown_requested", lambda: world.clock.passed > 1)
    world.batch(*named(300))
    assert world.clock.passed < 1 + admission.STOP_WITHIN + 0.5
    assert world.tracker.released == 1
    assert world.tracker.parks == []


@pytest.mark.slow
def test_processes_forked_before_see_the_wish_to_stop() -> None:
    code = """
import os, time
from cityweather.weather.admission import request_shutdown, shutdown_requested
child = os.fork()
if child:
    request_shutdown()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
else:
    deadline = time.monotonic() + 10
    while not shutdown_requested() and time.monotonic() < deadline:
        time.sleep(0.01)
    os._exit(7 if shutdown_requested() else 1)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "7\n"


def test_what_a_batch_did_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "cityweather.weather.batch_fetch")
    world.batch("Oslo")
    world.upstream.respond = lambda city: UNKNOWN if city == "Atlantis" else weather(city)
    world.batch("Oslo", "Atlantis", "Rome", first=1)
    (record,) = [record for record in caplog.records if record.message == "batch_ended" and record.rows == 3]
    assert (record.end, record.succeeded, record.failed, record.cached) == ("finished", 2, 1, 1)
    assert record.requests == {"200": 1, "404": 1}
