"""When a schedule starts its jobs: at a fixed interval, or by a cron line in a time zone. Pure arithmetic."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab

from cityweather.errors import BadSchedule

DAY = 86_400  # seconds
LONGEST = 31 * DAY  # seconds of an interval
INTERVAL = re.compile("([1-9][0-9]{0,4})([mhd])")
SECONDS = {"d": DAY, "h": 3600, "m": 60}
HOW_TO_WRITE_CRON = (
    "Write five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12) and day of the week "
    "(0-6 or sun-sat), for example 0 6 * * mon-fri."
)
FURTHEST = timedelta(days=366 * 8 + 2)  # the longest gap between two 29 Februaries: 2096 to 2104


class Timing(Protocol):
    """`shortest` and `average`: seconds between two moments."""

    @property
    def shortest(self) -> float: ...

    @property
    def average(self) -> float: ...

    def following(self, after: datetime) -> datetime:
        """The first moment behind `after`, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many seconds, counted from `start`, so a run that begins late does not move the later ones."""

    seconds: int
    start: datetime

    @property
    def shortest(self) -> float:
        return self.seconds

    average = shortest

    def following(self, after: datetime) -> datetime:
        step = timedelta(seconds=self.seconds)
        return (self.start + ((after - self.start) // step + 1) * step).astimezone(UTC)


class Cron:
    """A cron line of five fields; Celery reads it.

    If both day fields are restricted, a day that matches either one fits, as in cron. When clocks are set forward, a
    time that does not exist is taken as the same time an hour later; when they are set back, the first of the two
    times counts. A line for every hour follows the real hours instead.
    """

    def __init__(self, line: str, timezone: str) -> None:
        """Raises BadSchedule."""
        fields = _parsed(line)
        self._hours: set[int] = fields.hour
        self._minutes: set[int] = fields.minute
        self._months: set[int] = fields.month_of_year
        self._days_of_month: set[int] = fields.day_of_month
        self._days_of_week: set[int] = fields.day_of_week  # Sunday is 0
        self._zone = zone(timezone)

    @property
    def shortest(self) -> float:
        times = sorted(60 * hour + minute for hour in self._hours for minute in self._minutes)
        return 60 * min(later - earlier for earlier, later in zip(times, [*times[1:], times[0] + 1440], strict=True))

    @property
    def average(self) -> float:
        of_month, of_week = len(self._days_of_month) / 31, len(self._days_of_week) / 7
        days = 1 - (1 - of_month) * (1 - of_week) if max(of_month, of_week) < 1 else of_month * of_week
        times = len(self._hours) * len(self._minutes)
        return DAY / (times * days * len(self._months) / 12)

    def following(self, after: datetime) -> datetime:
        """Raises BadSchedule for a day that never comes."""
        day = after.astimezone(self._zone).date()
        last = day + FURTHEST
        while day <= last:
            if self._fits(day) and (found := [moment for moment in self._moments(day) if moment > after]):
                return min(found)
            day += timedelta(days=1)
        raise BadSchedule(reason="It names a day that never comes.")

    def _fits(self, day: date) -> bool:
        of_month = day.day in self._days_of_month
        of_week = day.isoweekday() % 7 in self._days_of_week
        both = len(self._days_of_month) < 31 and len(self._days_of_week) < 7
        return day.month in self._months and (of_month or of_week if both else of_month and of_week)

    def _moments(self, day: date) -> Iterator[datetime]:
        for hour in self._hours:
            for minute in self._minutes:
                local = datetime.combine(day, time(hour, minute), self._zone)
                if len(self._hours) < 24:
                    yield local.astimezone(UTC)
                    continue
                for moment in (local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)):
                    if moment.astimezone(self._zone).replace(fold=0) == local:  # it exists on that day
                        yield moment


@lru_cache
def _parsed(line: str) -> Any:
    """Raises BadSchedule."""
    try:
        return crontab.from_string(line)
    except (ValueError, ParseException) as error:
        why = str(error).removeprefix("Invalid crontab: ").rstrip(".")
        found = f" ({why})" if len(line.split()) == 5 else ""
        raise BadSchedule(reason=f"The cron line cannot be used{found}. {HOW_TO_WRITE_CRON}") from None


@lru_cache
def zone(name: str) -> ZoneInfo:
    """Raises BadSchedule."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what ZoneInfo raises for a path, a folder and an unknown name
        raise BadSchedule(reason=f"The time zone {name!r} is not known. Use a name such as Europe/Rome.") from None


def seconds_of(text: str) -> int:
    """ "90m" → 5400. Raises BadSchedule."""
    match = INTERVAL.fullmatch(text)
    seconds = int(match[1]) * SECONDS[match[2]] if match else 0
    if not 60 <= seconds <= LONGEST:
        raise BadSchedule(reason="An interval goes from 1m to 31d: a number with m, h or d.")
    return seconds


def text_of(seconds: int) -> str:
    """5400 → "90m"."""
    unit = next(name for name, size in SECONDS.items() if seconds % size == 0)
    return f"{seconds // SECONDS[unit]}{unit}"
