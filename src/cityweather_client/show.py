"""How a job is shown on its way and at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from cityweather_client.table import DEGREES, printable

QUIET_SECONDS = 2.0  # at least between lines where there is no terminal to draw on
SILENT_SECONDS = 30.0  # at most, while nothing moves
WAITS = {
    "quota": "waits for the provider's quota",
    "provider": "waits for the provider, which does not answer",
    "key": "waits for the provider to take the key",
    "flush": "waits for the database",
    "import": "waits until the database takes its next rows",
    "drain": "parked, as all jobs are, until an operator calls `cityweather resume`",
}

ENDING = ("cancelling", "failing")  # phases that the status does not show
LIMITS = {"quota": " (all that the provider's quota allows)", "max_rate": " (the job's own limit)"}


class Bar:
    """A progress bar, or a line now and then where nobody watches. Times in seconds."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("refreshing", total=None, pace="")
        self._last = float("-inf")
        self._shown = ""

    def update(self, job: dict[str, Any], now: float) -> None:
        pace = self._pace(job)
        self._progress.update(self._task, completed=job["processed"], total=job["total"] or None, pace=pace)
        moved = f"{job['progress']} {job['waiting_for']}"
        quiet = QUIET_SECONDS if moved != self._shown else SILENT_SECONDS
        if not self._console.is_terminal and now - self._last >= quiet:
            self._last, self._shown = now, moved
            self._console.print(f"{job['processed']:>9,} of {job['total']:,}  {job['progress']} %  {pace}")

    def write(self, line: str) -> None:
        """Above the bar."""
        self._console.print(line, markup=False, highlight=False)

    @staticmethod
    def _pace(job: dict[str, Any]) -> str:
        if job["waiting_for"]:
            return _waits(job)
        if _finishing(job):
            return "finishing"
        limit = LIMITS.get(job.get("limited_by") or "", "")
        eta = "" if job["eta_seconds"] is None else f"  ETA {duration(job['eta_seconds'])}"
        return f"{job['rate'] or 0:,.0f} cities/s{limit}{eta}"


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[pace]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(console, progress)


def summary(console: Console, job: dict[str, Any], summary: dict[str, Any], seconds: float) -> None:
    rate = job["total"] / seconds if seconds else 0
    console.print(f"\n{counted(job['total'], 'city', 'cities')} in {seconds:.1f} s ({rate:,.0f}/s): {outcome(job)}.")
    for failure in summary["failures"]:
        console.print(f"  {failure['count']:>7,}  {failure['reason']}")
    table = Table("City", "°C", "Condition", "Humidity %", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for row in summary["most_recent"]:
        weather = row["weather"]
        values = (weather.get("temperature"), weather.get("condition"), weather.get("humidity"))
        table.add_row(row["city"], *("" if value is None else str(value) for value in values))
    console.print(table)


def line(job: dict[str, Any]) -> str:
    """One line on how far a job is."""
    words = [
        f"{job['job_id']}  {job['phase'] if job['phase'] in ENDING else job['status']}",
        f"{job['processed']:,} of {job['total']:,} ({job['progress']} %)",
        outcome(job),
    ]
    if job["error"]:
        words.append(job["error"])
    elif job["phase"] == "paused" or job["waiting_for"]:
        words.append("paused" if job["phase"] == "paused" else _waits(job))
    elif _finishing(job):
        words.append("finishing")
    elif job["eta_seconds"] is not None:
        words.append(f"about {duration(job['eta_seconds'])} to go")
    return printable("  ".join(words))


def outcome(job: dict[str, Any]) -> str:
    doubtful = [f"{job[name]:,} {name}" for name in ("ambiguous", "unmatched") if job[name]]
    return ", ".join([f"{job['succeeded']:,} succeeded", f"{job['failed']:,} failed", *doubtful])


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def sizes(total: int, duplicates: int, rejected: int) -> str:
    """What became of the rows of an upload."""
    parts = [counted(total, "city", "cities"), counted(duplicates, "duplicate", "duplicates"), f"{rejected:,} rejected"]
    return f"{counted(total + duplicates + rejected, 'row', 'rows')} = {' + '.join(parts)}"


def duration(seconds: float) -> str:
    """In the unit that gives two or three digits, or nearly."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6_000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def _finishing(job: dict[str, Any]) -> bool:
    """Every row is counted, and not yet all in the database."""
    every_row = job["status"] == "running" and job["processed"] == job["total"]
    return bool(every_row or job["phase"] == "finishing")


def _waits(job: dict[str, Any]) -> str:
    return WAITS.get(job["waiting_for"], f"waits for the {job['waiting_for']}")


def weather(answer: dict[str, Any], units: str) -> str:
    """One line on the weather of a city."""
    number = answer.get("ambiguous") or 0
    matched = answer.get("matched") or {}
    region = matched.get("region") if number else None
    place = ", ".join(filter(None, [answer["city"], region, answer["country"]]))
    humidity = None if answer["humidity"] is None else f"humidity {answer['humidity']} %"
    degrees = None if answer["temperature"] is None else f"{answer['temperature']:.1f} {DEGREES[units]}"
    others = f"{number} other {'place has' if number == 1 else 'places have'} this name" if number else None
    stale = "stale" if answer["stale"] else None
    words = [degrees, answer["description"] or answer["condition"], humidity, stale, others]
    return printable(f"{place}: {', '.join(filter(None, words))}")
