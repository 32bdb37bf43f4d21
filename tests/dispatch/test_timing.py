"""When schedules start their jobs: intervals, cron lines, time zones, and days on which clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from cityweather.dispatch import timing
from cityweather.dispatch.timing import Cron, Interval
from cityweather.errors import BadSchedule

ROME = "Europe/Rome"  # 2026: forward on 29 March at 01:00 UTC, back on 25 October at 01:00 UTC


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moments(line: str, zone: str, after: str, count: int) -> list[str]:
    cron, found = Cron(line, zone), [at(after)]
    for _ in range(count):
        found.append(cron.following(found[-1]))
    return [moment.strftime("%m-%d %H:%M") for moment in found[1:]]


def test_an_interval_counts_from_its_start_however_late_a_run_is() -> None:
    every = Interval(3600, at("2026-01-01T00:10"))
    assert every.following(at("2026-01-01T00:10")) == at("2026-01-01T01:10")
    assert every.following(at("2026-01-01T05:09:59")) == at("2026-01-01T05:10")
    assert every.following(at("2026-01-01T05:10")) == at("2026-01-01T06:10")
    assert every.following(at("2025-12-31T23:00")) == at("2025-12-31T23:10")  # the clock was set back


@pytest.mark.parametrize(
    ("line", "after", "found"),
    [
        ("0 6 * * *", "2026-01-01T06:00", ["01-02 06:00", "01-03 06:00"]),
        ("*/30 9-10 * * mon-fri", "2026-01-02T10:15", ["01-02 10:30", "01-05 09:00"]),  # a Friday
        ("0 0 1 * *", "2026-01-31T12:00", ["02-01 00:00", "03-01 00:00"]),
        ("0 0 31 * *", "2026-01-31T12:00", ["03-31 00:00", "05-31 00:00"]),
        ("0 0 13 * fri", "2026-02-01T00:00", ["02-06 00:00", "02-13 00:00", "02-20 00:00"]),  # either day
        ("0 12 * 12 *", "2026-01-01T00:00", ["12-01 12:00"]),
        ("15 3 29 2 *", "2026-01-01T00:00", ["02-29 03:15"]),  # of 2028
    ],
)
def test_cron_lines(line: str, after: str, found: list[str]) -> None:
    assert moments(line, "UTC", after, len(found)) == found


def test_a_line_is_read_in_its_time_zone() -> None:
    assert moments("0 6 * * *", ROME, "2026-01-01T00:00", 1) == ["01-01 05:00"]
    assert moments("0 6 * * *", ROME, "2026-07-01T00:00", 1) == ["07-01 04:00"]
    assert moments("0 0 * * mon", "Pacific/Auckland", "2026-06-01T00:00", 1) == ["06-07 12:00"]


def test_a_time_that_does_not_exist_comes_an_hour_later_once() -> None:
    assert moments("30 2 * * *", ROME, "2026-03-27T12:00", 4) == [
        "03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30",
    ]  # fmt: skip


def test_a_time_that_comes_twice_counts_once() -> None:
    assert moments("30 2 * * *", ROME, "2026-10-24T12:00", 3) == ["10-25 00:30", "10-26 01:30", "10-27 01:30"]


@pytest.mark.parametrize("after", ["2026-03-28T20:00", "2026-10-24T20:00"])
@pytest.mark.parametrize("zone", ["UTC", ROME, "America/New_York", "Australia/Lord_Howe"])
def test_a_line_for_every_hour_follows_the_real_hours(after: str, zone: str) -> None:
    cron, found = Cron("0 * * * *", zone), [at(after)]
    for _ in range(24):
        found.append(cron.following(found[-1]))
    gaps = {later - earlier for earlier, later in pairwise(found[1:])}
    half = {timedelta(minutes=30), timedelta(minutes=90)} if zone == "Australia/Lord_Howe" else set()  # it shifts by 30
    assert gaps - half == {timedelta(hours=1)}


@pytest.mark.parametrize(
    ("line", "shortest", "average"),
    [
        ("0 * * * *", 3600, 3600),
        ("*/15 * * * *", 900, 900),
        ("0 6,7 * * *", 3600, 43_200),
        ("0 23,0 * * *", 3600, 43_200),
        ("0 6 * * mon", 86_400, 604_800),
        ("5 6 * * *", 86_400, 86_400),
    ],
)
def test_how_often_a_line_comes(line: str, shortest: float, average: float) -> None:
    cron = Cron(line, "UTC")
    assert cron.shortest == shortest
    assert cron.average == pytest.approx(average)


@pytest.mark.parametrize(
    ("line", "zone", "reason"),
    [
        ("* * * *", "UTC", "five fields"),
        ("@daily", "UTC", "five fields"),
        ("61 * * * *", "UTC", "61 > 59"),
        ("x * * * *", "UTC", "x"),
        ("0 0 31 2 *", "UTC", "never occurs"),
        ("*/0 * * * *", "UTC", "zero"),
        ("0 6 * * *", "Mars/Base", "'Mars/Base' is not known"),
        ("0 6 * * *", "../etc/passwd", "is not known"),
        ("0 6 * * *", "Europe", "is not known"),
    ],
)
def test_what_names_no_moment_is_refused_with_a_reason(line: str, zone: str, reason: str) -> None:
    with pytest.raises(BadSchedule, match=reason):
        Cron(line, zone)


@pytest.mark.parametrize("line", ["* * * *", "61 * * * *", "x * * * *", "0 0 31 2 *"])
def test_a_line_that_is_refused_is_answered_with_how_to_write_one(line: str) -> None:
    with pytest.raises(
        BadSchedule, match=r"^The schedule cannot be used\. The cron line .*for example 0 6 \* \* mon-fri"
    ):
        Cron(line, "UTC")


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("90m", 5400), ("6h", 21_600), ("31d", 2_678_400)])
def test_intervals_are_written_as_they_are_read(text: str, seconds: int) -> None:
    assert timing.seconds_of(text) == seconds
    assert timing.seconds_of(timing.text_of(seconds)) == seconds
    assert timing.text_of(seconds) == text


@pytest.mark.parametrize("text", ["", "0m", "1s", "32d", "1.5h", "h", "01h", "1 h", "99999d", "\uff11h"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule, match="1m to 31d"):
        timing.seconds_of(text)
