"""One city's Retry-After: exact, for every job and process, and neither worker nor job stands still for it."""

from collections import defaultdict
from itertools import pairwise

import pytest
from redis import Redis

from cityweather.errors import ProviderDown
from cityweather.weather.availability import LONGEST_PAUSE
from cityweather.weather.circuit_breaker import State
from cityweather.weather.failure_detector import PROBES
from cityweather.weather.providers.base import Place, Response
from cityweather.weather.providers.open_meteo import OpenMeteo
from tests.support.fakes import TOO_MANY, World, always, named, reply, weather


def later(seconds: int) -> Response:
    return reply(503, b"", retry_after=str(seconds))


class Provider:
    """Answers Oslo with `says` for `times` times. `moments`: when each city was asked for."""

    def __init__(self, world: World, says: Response, times: int = 1) -> None:
        self.world = world
        self.says = says
        self.times = times
        self.moments: dict[str, list[float]] = defaultdict(list)
        world.upstream.respond = self

    def __call__(self, city: str) -> Response:
        self.moments[city].append(self.world.clock.passed)
        return self.says if city == "Oslo" and len(self.moments[city]) <= self.times else weather(city)

    def gaps(self) -> list[float]:
        return [second - first for first, second in pairwise(self.moments["Oslo"])]


@pytest.fixture
def world(redis_server: Redis) -> World:
    return World(redis_server)


CITIES = [*named(300), "Oslo"]


@pytest.mark.parametrize("seconds", [1, 3, 60, 3600, 36_000])
def test_a_city_is_asked_again_when_the_provider_says(world: World, seconds: int) -> None:
    provider = Provider(world, later(seconds), times=2)
    world.job(CITIES, size=301, seconds=86_400)
    assert len(world.tracker.results) == 301
    assert not world.tracker.errors()
    assert provider.gaps() == pytest.approx([seconds + 0.1] * 2, abs=0.15)
    assert min(provider.gaps()) >= seconds
    assert len(world.upstream.asked) <= 303 + 2 * PROBES


def test_the_worker_does_not_wait_for_it(world: World) -> None:
    Provider(world, later(60))
    world.batch(*CITIES)
    assert len(world.tracker.results) == 300
    assert world.clock.passed < LONGEST_PAUSE
    assert world.tracker.waits == [pytest.approx(60, abs=1)]
    assert world.tracker.parks == []
    assert world.parts.breaker.check().state is State.CLOSED


def test_the_fifth_failure_is_the_last_however_long_it_takes(world: World) -> None:
    provider = Provider(world, later(3600), times=99)
    world.job(CITIES, size=301, seconds=10 * 3600)
    assert world.tracker.errors() == {"gave_up": 1}
    assert len(provider.moments["Oslo"]) == 5
    assert min(provider.gaps()) >= 3600


def test_a_batch_handed_back_meanwhile_does_not_bring_it_sooner(world: World) -> None:
    provider = Provider(world, later(600))
    world.batch(*CITIES)
    world.upstream.respond = always(TOO_MANY)
    world.batch("Oslo", "Rome")
    world.clock.advance(30)
    world.upstream.respond = provider
    world.batch("Oslo", "Rome")
    assert len(provider.moments["Oslo"]) == 1
    assert len(provider.moments["Rome"]) == 1


def test_another_job_and_another_process_know_of_it(world: World) -> None:
    provider = Provider(world, later(600))
    world.batch(*CITIES)
    world.parts = world.process()
    world.batch("Rome", "Oslo", first=1000)
    assert 1001 not in world.tracker.results
    assert len(provider.moments["Oslo"]) == 1


def test_who_comes_a_little_early_leaves_the_city_for_later(world: World) -> None:
    provider = Provider(world, later(60))
    world.batch(*CITIES)
    world.clock.advance(58.9)
    world.batch("Oslo", first=300)
    assert len(provider.moments["Oslo"]) == 1
    assert world.tracker.waits[-1] == pytest.approx(1.1, abs=0.3)


def test_cities_put_off_one_after_the_other_come_together_and_at_full_speed(world: World) -> None:
    """They are no retries, of which there are only so many a second."""
    many = named(1000, "busy")
    said: set[str] = set()

    def answer(city: str) -> Response:
        if city not in many or city in said:
            return weather(city)
        said.add(city)
        return later(60)

    world.upstream.respond = answer
    cities = [name for three in zip(many, named(1000), named(1000, "town"), strict=True) for name in three]
    world.job(cities, size=3000)
    assert len(world.tracker.results) == 3000
    assert len(said) == 1000
    assert world.clock.passed < 80


def test_a_batch_of_nothing_but_cities_put_off_says_nothing_of_its_speed(world: World) -> None:
    Provider(world, later(60))
    world.batch(*CITIES)
    world.batch("Oslo", first=300)
    assert world.tracker.speeds[-1] is None


def test_while_nothing_can_be_remembered_the_batch_waits_ten_seconds_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.parts.cache, "_away", True)
    provider = Provider(world, later(600), times=99)
    world.batch(*CITIES)
    assert world.tracker.errors() == {"gave_up": 1}
    assert provider.gaps() == pytest.approx([10] * 4, abs=0.3)


def test_a_retry_after_of_no_time_is_no_reason_to_hurry(world: World) -> None:
    provider = Provider(world, later(0), times=99)
    world.batch(*CITIES)
    assert world.tracker.errors() == {"gave_up": 1}
    assert sum(provider.gaps()) > 1


def test_what_a_city_was_told_outlasts_an_outage_in_which_others_were_told_nothing(world: World) -> None:
    provider = Provider(world, later(600))
    world.batch(*named(50))
    world.clock.advance(1)
    world.upstream.respond = lambda city: provider(city) if city == "Oslo" else ProviderDown()
    world.batch("Oslo", *named(40, "other"), first=100)
    assert world.parts.breaker.check().state is not State.CLOSED
    world.clock.advance(20)
    world.upstream.respond = provider
    world.batch("Oslo", *named(40, "other"), first=100)
    assert len(world.tracker.results) == 90
    assert len(provider.moments["Oslo"]) == 1


def test_what_one_city_was_told_as_a_probe_holds_for_that_city_only(world: World) -> None:
    world.batch(*named(50))
    world.upstream.respond = lambda _city: reply(503, b"")
    world.batch("Oslo", *named(10), first=100)
    provider = Provider(world, later(36_000))
    world.clock.advance(16)
    world.batch("Oslo", first=100)  # London has failed last time, so this one is the probe
    assert world.parts.breaker.look().wait <= 15
    assert len(provider.moments["Oslo"]) == 1
    world.clock.advance(16)
    world.batch("Oslo", "Rome", first=100)
    assert len(provider.moments["Oslo"]) == 1
    assert world.parts.breaker.check().state is State.CLOSED


def test_coordinates_found_before_are_kept(redis_server: Redis) -> None:
    world = World(redis_server, provider=OpenMeteo("http://upstream", "http://upstream", per_minute=0))
    place = Place("Oslo", 59.9, 10.7, "Oslo", "NO")
    assert world.parts.cache.set_known([("oslo", place)], world.clock.unix() + 60)
    world.batch("Oslo")
    known = world.parts.cache.read(["oslo"])[1]["oslo"]
    assert known.coordinates == (59.9, 10.7, "Oslo", "NO")
    assert known.wait(world.clock.unix()) == pytest.approx(60, abs=0.2)
    assert world.upstream.asked == []


def test_a_batch_that_began_before_a_city_was_put_off_does_not_forget_it(redis_server: Redis) -> None:
    world = World(redis_server, provider=OpenMeteo("http://upstream", "http://upstream", per_minute=0))
    cache, place = world.parts.cache, Place("Oslo", 59.9, 10.7, "Oslo", "NO")
    assert cache.set_known([("oslo", place)])

    def respond(_city: str) -> Response:
        assert cache.set_known([("oslo", place)], world.clock.unix() + 60)  # another process
        return TOO_MANY

    world.upstream.respond = respond
    world.batch("Oslo")
    assert world.tracker.results == {}
    assert cache.read(["oslo"])[1]["oslo"].not_before > 0
