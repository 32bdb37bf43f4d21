"""How the demo shows a job on its way and at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

QUIET_SECONDS = 2.0  # between lines where there is no terminal to draw on


class Bar:
    """A progress bar, or a line now and then where nobody watches. Times in seconds."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("refreshing", total=None, pace="")
        self._last = float("-inf")

    def update(self, job: dict[str, Any], now: float) -> None:
        pace = self._pace(job)
        self._progress.update(self._task, completed=job["processed"], total=job["total"] or None, pace=pace)
        if not self._console.is_terminal and now - self._last >= QUIET_SECONDS:
            self._last = now
            self._console.print(f"{job['processed']:>9,} of {job['total']:,}  {job['progress']} %  {pace}")

    @staticmethod
    def _pace(job: dict[str, Any]) -> str:
        if job["waiting_for"]:
            return f"waits for the {job['waiting_for']}"
        eta = "" if job["eta_seconds"] is None else f"  ETA {job['eta_seconds']:.0f} s"
        return f"{job['rate'] or 0:,.0f} cities/s{eta}"


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[pace]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Bar(console, progress)


def summary(console: Console, job: dict[str, Any], found: dict[str, Any], seconds: float) -> None:
    rate = job["total"] / seconds if seconds else 0
    console.print(
        f"\n{job['total']:,} cities in {seconds:.1f} s ({rate:,.0f}/s): "
        f"{job['succeeded']:,} succeeded, {job['failed']:,} failed."
    )
    for failure in found["failures"]:
        console.print(f"  {failure['count']:>7,}  {failure['reason']}")
    table = Table("City", "°C", "Condition", "Humidity %", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for row in found["most_recent"]:
        weather = row.get("weather") or row
        values = (weather.get("temperature"), weather.get("condition"), weather.get("humidity"))
        table.add_row(row["city"], *("" if value is None else str(value) for value in values))
    console.print(table)
