"""Whose fault it is decides: a row fails, a job waits, or an operator must act."""

import random
from collections import Counter
from itertools import cycle, pairwise

import pytest
from redis import Redis

from cityweather.errors import ProviderDown, ProviderTimeout
from cityweather.weather import failure_detector
from cityweather.weather.batch_queue import Batch, BatchQueue, Call, Kind
from cityweather.weather.cache import Cache
from cityweather.weather.circuit_breaker import State
from cityweather.weather.failure_detector import FIRST_REQUESTS, FailureDetector
from cityweather.weather.result_buffer import ResultBuffer
from tests.support.fakes import BROKEN, KEY_REFUSED, TOO_MANY, UNKNOWN, Outcome, World, always, named, reply, weather
from tests.support.tracker import JOB

pytestmark = pytest.mark.slow


@pytest.fixture
def world(redis_server: Redis) -> World:
    return World(redis_server)


def test_an_outage_of_a_minute_fails_no_city_and_costs_few_requests(world: World) -> None:
    cities = named(8000)
    down = (20.0, 80.0)
    world.upstream.respond = lambda city: ProviderDown() if down[0] <= world.clock.passed < down[1] else weather(city)
    world.upstream.latency = 0.2
    world.job(cities, size=200)
    assert world.clock.passed > 80
    assert len(world.tracker.results) == 8000
    assert not world.tracker.errors()
    probes = [city for city, number in Counter(world.upstream.asked).items() if number > 3]
    extra = sum(number - 1 for city, number in Counter(world.upstream.asked).items() if city not in probes)
    assert extra <= 80
    assert {waiting_for for _, waiting_for in world.tracker.parks} == {"provider"}
    assert world.clock.passed < 80 + 15 + 60


def test_some_failures_in_a_row_are_enough_to_send_no_more_until_a_probe_ends(world: World) -> None:
    chance = random.Random(3)
    world.upstream.concurrency = 128

    def respond(city: str) -> Outcome:
        world.upstream.latency = chance.uniform(0.045, 0.05)  # of the next: answers come one by one
        return ProviderDown() if world.clock.passed >= 0.5 else weather(city)

    world.upstream.respond = respond
    world.job(named(2000), size=2000, seconds=1)
    sent_when_known = [moment for moment in world.upstream.moments if moment > 0.55]
    assert 0 < len(sent_when_known) <= failure_detector.IN_A_ROW + 10
    assert world.context.breaker.check().state is not State.CLOSED


@pytest.mark.parametrize("trouble", [ProviderTimeout(), ProviderDown(), BROKEN, reply(200, b"<html>")])
def test_every_kind_of_outage_parks_the_job(world: World, trouble: ProviderDown) -> None:
    world.upstream.respond = always(trouble)
    world.job(named(500), seconds=20)
    assert world.tracker.results == {}
    assert world.tracker.parks[-1][1] == "provider"
    assert len(world.upstream.asked) < 60


def test_one_city_that_always_fails_gives_up_and_the_others_succeed(world: World) -> None:
    world.upstream.respond = lambda city: BROKEN if city == "city 40" else weather(city)
    world.job(named(300))
    assert world.tracker.errors() == {"gave_up": 1}
    assert world.upstream.asked.count("city 40") == 5
    assert world.context.breaker.check().state is State.CLOSED


def test_a_city_that_fails_alone_in_its_batch_gives_up_when_london_answers(world: World) -> None:
    world.upstream.respond = lambda city: BROKEN if city == "Hangs" else weather(city)
    world.job(["Hangs"])
    assert world.tracker.errors() == {"gave_up": 1}
    assert world.upstream.asked.count("Hangs") == 5
    assert "London" in world.upstream.asked
    assert world.context.breaker.check().state is State.CLOSED


def test_tries_are_counted_over_batches_that_are_handed_back_and_over_processes(world: World) -> None:
    def respond(city: str) -> Outcome:
        if city != "Hangs":
            return weather(city)
        return BROKEN if world.upstream.asked.count(city) % 3 else TOO_MANY

    world.upstream.respond = respond
    processes = cycle([world.process(), world.process(), world.process()])
    while not world.tracker.results and world.clock.passed < 3600:
        world.context = next(processes)
        world.batch("Hangs")
        world.clock.advance(60)
    assert world.tracker.errors() == {"gave_up": 1}
    assert world.upstream.asked.count("Hangs") == 7  # five tries, and twice it was asked to come later


def test_a_job_of_bad_cities_only_ends(world: World) -> None:
    world.upstream.respond = lambda city: ProviderTimeout() if city.startswith("bad") else weather(city)
    world.job(named(25, "bad"), size=10)
    assert world.tracker.errors() == {"gave_up": 25}


def test_a_batch_of_bad_cities_ends_though_no_cache_remembers_their_tries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cache, "tried", lambda *_: 0)
    world.upstream.respond = lambda city: weather(city) if city == "London" else BROKEN
    world.batch(*named(60, "bad"))
    assert world.tracker.errors() == {"gave_up": 60}
    assert world.upstream.asked.count("London") < 2 * 60 * 5


def test_a_reference_city_that_fails_does_not_keep_the_breaker_open(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    world.upstream.respond = lambda city: BROKEN if city == "London" else weather(city)
    world.job(named(50), seconds=120)
    assert len(world.tracker.results) == 50
    assert not world.tracker.errors()
    assert world.context.breaker.check().state is State.CLOSED


def test_bad_cities_and_a_bad_reference_city_do_not_keep_the_breaker_open(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    world.upstream.respond = lambda city: BROKEN if city in ("London", "city 0") else weather(city)
    world.job(named(50), seconds=600)
    assert world.tracker.errors() == {"gave_up": 1}
    assert len(world.tracker.results) == 50


def test_a_city_that_recovers_succeeds(world: World) -> None:
    def respond(city: str) -> Outcome:
        return BROKEN if city == "city 3" and world.upstream.asked.count(city) < 4 else weather(city)

    world.upstream.respond = respond
    world.job(named(100))
    assert not world.tracker.errors()


@pytest.mark.parametrize(("rate", "most"), [(0.05, 1.2), (0.2, 1.6), (0.5, 4.0)])
def test_a_storm_of_errors_fails_no_city(world: World, rate: float, most: float) -> None:
    chance = random.Random(3)
    world.upstream.respond = lambda city: BROKEN if chance.random() < rate else weather(city)
    world.job(named(2000), size=200)
    assert len(world.tracker.results) == 2000
    assert not world.tracker.errors()
    assert len(world.upstream.asked) <= most * 2000


def test_a_refused_key_parks_the_job_after_a_handful_of_requests_and_fails_no_city(world: World) -> None:
    world.upstream.respond = always(KEY_REFUSED)
    world.batch(*named(500))
    assert world.tracker.results == {}
    assert [waiting_for for _, waiting_for in world.tracker.parks] == ["key"]
    assert len(world.upstream.asked) == FIRST_REQUESTS


def test_while_the_key_is_refused_one_probe_a_minute_goes_out(world: World) -> None:
    world.upstream.respond = always(KEY_REFUSED)
    world.batch(*named(5))
    asked = len(world.upstream.asked)
    world.job(named(5), seconds=600)
    assert {waiting_for for _, waiting_for in world.tracker.parks} == {"key"}
    assert 9 <= len(world.upstream.asked) - asked <= 11


def test_work_goes_on_once_the_key_is_accepted(world: World) -> None:
    world.upstream.respond = lambda city: KEY_REFUSED if world.clock.passed < 100 else weather(city)
    world.batch(*named(5))
    world.job(named(50))
    assert len(world.tracker.results) == 50
    assert world.clock.passed < 100 + 65


def test_another_key_needs_no_waiting(world: World) -> None:
    world.upstream.respond = always(KEY_REFUSED)
    world.batch(*named(5))
    world.upstream.respond = weather
    world.context = world.process(key="k2")
    before = world.clock.passed
    world.job(named(50))
    assert len(world.tracker.results) == 50
    assert world.clock.passed - before < 5


def test_a_429_parks_the_job_for_as_long_as_the_provider_asks_and_fails_no_city(world: World) -> None:
    refused = reply(429, {"cod": 429, "message": "…"}, retry_after="30")
    world.upstream.respond = lambda city: refused if world.clock.passed < 1 else weather(city)
    world.job(named(300), size=50)
    assert not world.tracker.errors()
    assert len(world.tracker.results) == 300
    assert world.tracker.parks[0][1] == "quota"
    gaps = [later - sooner for sooner, later in pairwise(world.upstream.moments)]
    assert max(gaps) >= 30
    assert world.context.breaker.check().state is State.CLOSED


def test_a_429_without_a_time_waits_longer_each_time(world: World) -> None:
    world.upstream.respond = lambda city: TOO_MANY if world.clock.passed < 50 else weather(city)
    world.job(named(40), size=10)
    assert not world.tracker.errors()
    assert len(world.tracker.results) == 40
    assert len(world.upstream.asked) < 40 + 20


@pytest.mark.parametrize("retry_after", ["99999999999999", "Fri, 06 Nov 2099 08:49:37 GMT"])
def test_a_429_that_asks_for_more_than_a_day_counts_for_some_seconds(world: World, retry_after: str) -> None:
    world.upstream.respond = always(reply(429, {"cod": 429}, retry_after=retry_after))
    world.batch(*named(5))
    until, waiting_for = world.tracker.parks[0]
    assert waiting_for == "quota"
    assert until - world.clock.unix() == pytest.approx(5, abs=0.5)


def test_a_short_retry_after_is_waited_for_in_place(world: World) -> None:
    refused = reply(429, {"cod": 429, "message": "…"}, retry_after="1")
    world.upstream.respond = lambda city: refused if world.clock.passed < 0.5 else weather(city)
    world.batch(*named(20))
    assert len(world.tracker.results) == 20
    assert world.tracker.parks == []


def test_unknown_cities_are_answers_and_open_nothing(world: World) -> None:
    world.upstream.respond = always(UNKNOWN)
    world.batch(*named(200))
    assert world.tracker.errors() == {"unknown_city": 200}
    assert world.context.breaker.check().state is State.CLOSED


def test_a_probe_for_a_city_that_is_gone_closes_the_breaker(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    world.upstream.respond = lambda city: UNKNOWN if len(world.upstream.asked) == 1 else weather(city)
    world.batch(*named(20))
    assert len(world.tracker.results) == 20
    assert world.context.breaker.check().state is State.CLOSED


def test_while_another_process_probes_the_batch_waits_and_then_goes_back(world: World) -> None:
    other = world.process()
    world.clock.advance(world.context.breaker.record_failure())
    assert other.breaker.check("other").state is State.PROBE
    world.upstream.respond = weather
    world.batch(*named(20))
    assert len(world.tracker.results) == 20


def test_a_cancelled_job_is_dropped_even_when_its_batch_would_have_waited(world: World) -> None:

    def respond(city: str) -> Outcome:
        world.stop("cancelled")
        return TOO_MANY if world.clock.passed > 0.1 else weather(city)

    world.upstream.respond = respond
    world.batch(*named(100))
    assert world.tracker.parks == []
    assert world.tracker.released == 1


def test_a_probe_of_a_refused_name_counts_like_any_other(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    nothing = reply(400, {"cod": "400", "message": "Nothing to geocode"})
    world.upstream.respond = lambda city: nothing if len(world.upstream.asked) == 1 else weather(city)
    world.batch(*named(20))
    assert len(world.tracker.results) == 20


def test_a_probe_that_is_answered_429_is_sent_again(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    later = reply(429, {"cod": 429}, retry_after="1")
    world.upstream.respond = lambda city: later if len(world.upstream.asked) == 1 else weather(city)
    world.batch(*named(20))
    assert len(world.tracker.results) == 20
    assert len(world.upstream.asked) == 21


def test_an_outage_lasts_at_least_as_long_as_the_provider_asks(world: World) -> None:
    world.upstream.respond = always(reply(503, b"", retry_after="40"))
    world.batch(*named(50))
    until, waiting_for = world.tracker.parks[0]
    assert waiting_for == "provider"
    assert until - world.clock.unix() == pytest.approx(40, abs=0.5)


def test_requests_go_out_as_soon_as_the_probe_is_answered(world: World) -> None:
    world.clock.advance(world.context.breaker.record_failure())
    world.batch(*named(3))
    probe, following = world.upstream.moments[:2]
    assert following == probe + world.upstream.latency


def test_probes_ask_for_each_kind_that_failed(world: World) -> None:
    """Else a geocoder that is unreachable would fail cities, as the weather is answered."""
    queue = BatchQueue(world.provider)
    results = ResultBuffer(Batch(JOB, 1, "token", []), world.tracker, world.context.cache, world.clock.monotonic)
    detector = FailureDetector(queue, results, world.context.health)
    for kind in Kind:
        detector.record_failure(Call([], kind), None, world.clock.monotonic())
    probes = [detector.next_probe(half_open=False) for _ in range(detector.probes_wanted(half_open=False))]
    assert {probe.kind for probe in probes} == set(Kind)
